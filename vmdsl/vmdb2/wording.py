"""Code that a hint suggests, in the words of specifications."""

from __future__ import annotations

from vmdsl.errors import Code

#: What a specification has for a call.
_CALLS = {
    "copy_file": "copy-file",
    "copy_tree": "copy-dir",
    "grub_bios": "grub: bios",
    "grub_ieee1275": "grub: ieee1275",
    "mkext2": "mkfs: ext2",
    "mkext3": "mkfs: ext3",
    "mkext4": "mkfs: ext4",
    "mkimg": 'mkimg: "{{ output }}", size: 4G',
    "mkpart": "mkpart: logical",
}
#: And for an argument; nothing for one that no step has.
_ARGUMENTS = {
    "exclude": None,
    "label": "`label:`",
    "unless": "`unless: rootfs_unpacked`",
    "uuid": "it with the UUID behind it",
}
_UNITS = {"MiB": "MiB", "sectors": "s"}


def in_yaml(code: Code) -> str | None:
    """Return what does the same in a specification; None where nothing does."""
    said = _CALLS.get(code.function, str(code))
    match code:
        case Code(function="", named=((argument, _),)):
            return _ARGUMENTS.get(argument, said)
        case Code(function="apt", arguments=(_, package)):
            said = f"packages: [{package}]"
        case Code(function="mkext4", arguments=(Code(tag=tag),)):
            said = f"mkfs: ext4, partition: {tag}"
        case Code(function="mklv", arguments=(Code(tag=tag),)):
            said = f"lvcreate: {tag}"
        case Code(function="mkpart", named=named) if ("type", "bios-boot") in named:
            said = "mkpart of 1 MiB, and set_part_flag with flag: bios_grub"
        case Code(function=unit, arguments=(number,)) if unit.lstrip("-") in _UNITS:
            said = f"{'-' * unit.startswith('-')}{number}{_UNITS[unit.lstrip('-')]}"
    return said
