"""Types and flags of partitions, as GPT and MBR write them.

docs/reference/language.md has the equivalent of each flag of parted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

PartitionType = Literal[
    "linux",
    "esp",
    "xbootldr",
    "bios-boot",
    "prep",
    "swap",
    "home",
    "srv",
    "var",
    "tmp",
    "root-amd64",
    "root-i386",
    "root-arm64",
    "root-armhf",
    "root-ppc64el",
    "root-riscv64",
    "root-s390x",
    "usr-amd64",
    "usr-i386",
    "usr-arm64",
    "usr-armhf",
    "usr-ppc64el",
    "usr-riscv64",
    "usr-s390x",
    "lvm",
    "raid",
    "luks",
    "fat",
    "ntfs",
    "u-boot-env",
]
PartitionFlag = Literal[
    "boot",
    "legacy-boot",
    "required",
    "no-block-io",
    "grow-file-system",
    "read-only",
    "hidden",
    "no-automount",
]

_BASIC_DATA = "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"

#: The code of each type in a GPT and in an MBR; empty where there is none.
CODES: Mapping[str, tuple[str, str]] = {
    "linux": ("0FC63DAF-8483-4772-8E79-3D69D8477DE4", "83"),
    "esp": ("C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "ef"),
    "xbootldr": ("BC13C2FF-59E6-4262-A352-B275FD6F7172", "ea"),
    "bios-boot": ("21686148-6449-6E6F-744E-656564454649", ""),
    "prep": ("9E1A2D38-C612-4316-AA26-8B49521E5A8B", "41"),
    "swap": ("0657FD6D-A4AB-43C4-84E5-0933C84B4F4F", "82"),
    "home": ("933AC7E1-2EB4-4F13-B844-0E14E2AEF915", "83"),
    "srv": ("3B8F8425-20E0-4F3B-907F-1A25A76F98E8", "83"),
    "var": ("4D21B016-B534-45C2-A9FB-5C16E091FD2D", "83"),
    "tmp": ("7EC6F557-3BC5-4ACA-B293-16EF5DF639D1", "83"),
    "root-amd64": ("4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709", "83"),
    "root-i386": ("44479540-F297-41B2-9AF7-D131D5F0458A", "83"),
    "root-arm64": ("B921B045-1DF0-41C3-AF44-4C6F280D3FAE", "83"),
    "root-armhf": ("69DAD710-2CE4-4E3C-B16C-21A1D49ABED3", "83"),
    "root-ppc64el": ("C31C45E6-3F39-412E-80FB-4809C4980599", "83"),
    "root-riscv64": ("72EC70A6-CF74-40E6-BD49-4BDA08E8F224", "83"),
    "root-s390x": ("5EEAD9A9-FE09-4A1E-A1D7-520D00531306", "83"),
    "usr-amd64": ("8484680C-9521-48C6-9C11-B0720656F69E", "83"),
    "usr-i386": ("75250D76-8CC6-458E-BD66-BD47CC81A812", "83"),
    "usr-arm64": ("B0E01050-EE5F-4390-949A-9101B17104E9", "83"),
    "usr-armhf": ("7D0359A3-02B3-4F0A-865C-654403E70625", "83"),
    "usr-ppc64el": ("15BB03AF-77E7-4D4A-B12B-C0D084F7491C", "83"),
    "usr-riscv64": ("BEAEC34B-8442-439B-A40B-984381ED097D", "83"),
    "usr-s390x": ("8A4F5770-50AA-4ED3-874A-99B710DB6FEA", "83"),
    "lvm": ("E6D6D379-F507-44C2-A23C-238F2A3DF928", "8e"),
    "raid": ("A19D880F-05FC-4D3B-A006-743F0F84911E", "fd"),
    "luks": ("CA7D7CCB-63ED-4C53-861C-1742536059CC", "83"),
    "fat": (_BASIC_DATA, "0c"),
    "ntfs": (_BASIC_DATA, "07"),
    "u-boot-env": ("3DE21764-95BD-54BD-A5C3-4ABE786F38A8", ""),
}

#: Types of what is filled by something that vmdsl need not know of.
RAW = frozenset({"lvm", "raid", "luks", "u-boot-env"})
#: Types of what systemd finds and mounts by itself, and of second systems.
FOUND_BY_SYSTEMD = frozenset(
    {"home", "srv", "var", "tmp", *(name for name in CODES if name.startswith(("root-", "usr-")))}
)
#: Types of what holds a boot loader's code and no filesystem.
BOOT_CODE = ("bios-boot", "prep")

#: What sfdisk calls each flag of a GPT; bits have the names GUID:48 to GUID:63 there.
GPT_FLAGS: Mapping[str, str] = {
    "required": "RequiredPartition",
    "no-block-io": "NoBlockIOProtocol",
    "legacy-boot": "LegacyBIOSBootable",
    "grow-file-system": "GUID:59",
    "read-only": "GUID:60",
    "hidden": "GUID:62",
    "no-automount": "GUID:63",
}
GPT_BITS = range(48, 64)
MBR_FLAGS = frozenset({"boot"})
EXTENDED = 0x0F
#: Types of an MBR's extended partition, and of the one that stands for a GPT; 0 is no partition.
MBR_REFUSED = {0x00, 0x05, 0x0F, 0x85, 0xEE}


def type_name(kind: str | UUID | int) -> str:
    """Return a type in words: `esp`, a UUID, or `0x83`."""
    if kind == EXTENDED:
        return "extended"
    return f"0x{kind:02x}" if isinstance(kind, int) else str(kind)


def type_code(kind: str | UUID | int, *, gpt: bool) -> str:
    """Return a type for sfdisk, or "" if the table doesn't have it."""
    if isinstance(kind, int):
        return f"{kind:02x}"
    if isinstance(kind, UUID):
        return str(kind).upper()
    return CODES[kind][0 if gpt else 1]
