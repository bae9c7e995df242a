"""The specification that autopkgtest-build-qemu writes, as it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from translations import outcome

ROOT = """\
rootdev=$(ls -1 /dev/mapper/loop* | sort | tail -1)
uuid=$(blkid -c /dev/null -o value -s UUID "$rootdev")
echo "UUID=$uuid / ext4 errors=remount-ro 0 1" > "$ROOT/etc/fstab\""""
ESP = """\
efidev=$(ls -1 /dev/mapper/loop* | sort | head -1)
uuid=$(blkid -c /dev/null -o value -s UUID "$efidev")
echo "UUID=$uuid /boot/efi vfat defaults 0 2" >> "$ROOT/etc/fstab\""""
SETUP = """export AUTOPKGTEST_BUILD_QEMU=1; /usr/share/autopkgtest/setup "$ROOT\""""
PART = {"mkpart": "primary", "device": "{{ image }}"}
#: By firmware: the table, the first partitions, where the root starts, and what comes at the end.
KINDS: dict[str, tuple[str, list[dict[str, Any]], str, list[dict[str, Any]]]] = {
    "bios": ("msdos", [], "0%", []),
    "efi": (
        "gpt",
        [{**PART, "start": "0%", "end": "128MiB", "tag": "efi"}],
        "128MiB",
        [{"shell": ESP, "root-fs": "root"}],
    ),
}


def written(kind: str, system: dict[str, str]) -> str:
    """The steps, in the JSON that it writes, which is YAML."""
    table, parts, start, rest = KINDS[kind]
    grub: dict[str, Any] = {"tag": "root", "console": "serial"}
    esp: list[dict[str, Any]] = []
    if kind == "efi":
        esp = [{"mkfs": "vfat", "partition": "efi"}]
        grub = {**grub, "efi": "efi"}
    steps = [
        {"mkimg": "{{ image }}", "size": "25G"},
        {"mklabel": table, "device": "{{ image }}"},
        *parts,
        {**PART, "start": start, "end": "100%", "tag": "root"},
        {"kpartx": "{{ image }}"},
        {"mkfs": "ext4", "partition": "root"},
        {"mount": "root"},
        {**system, "mirror": "http://mirror.example/debian", "target": "root"},
        {"apt": "install", "packages": ["linux-image-amd64", "ifupdown"], "tag": "root"},
        *esp,
        {"grub": "uefi" if esp else "bios", **grub},
        {"chroot": "root", "shell": "passwd --delete root\necho host > /etc/hostname"},
        {"shell": ROOT, "root-fs": "root"},
        *rest,
        {"shell": SETUP, "root-fs": "root"},
    ]
    return "".join(f"- {json.dumps(step)}\n" for step in steps)


@pytest.mark.parametrize("kind", KINDS)
def test_the_specification_that_it_writes(kind: str) -> None:
    """Its scripts look for devices of kpartx, which are fstab() here; the last one is its own."""
    lines = outcome(written(kind, {"debootstrap": "bookworm"}))
    assert lines[-3].startswith("root_console_and_host_name = open_root_console(system()); ")
    assert lines[-2:] == [
        "mounts = fstab(system())",
        f"setup = host_shell(system(), {SETUP!r})",
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tail -1", "tail -n 1"),
        ("tail -1", "head -n1"),
        ('"$rootdev"', "${rootdev}"),
        ("-c /dev/null ", ""),
        ("-o value -s UUID", "-s UUID -o value"),
        ('"$ROOT/etc/fstab"', "${ROOT?}/etc/fstab"),
        ("rootdev", "device"),
    ],
)
def test_other_ways_to_write_it(old: str, new: str) -> None:
    steps = written("bios", {"debootstrap": "bookworm"})
    changed = steps.replace(json.dumps(ROOT), json.dumps(ROOT.replace(old, new)))
    assert changed != steps
    assert "mounts = fstab(system())" in outcome(changed)


@pytest.mark.parametrize(
    ("old", "new"), [(" / ", " /srv "), ("fstab", "mtab"), ("UUID=$", "LABEL=$"), ("loop", "vg")]
)
def test_other_scripts_stay_scripts(old: str, new: str) -> None:
    steps = written("bios", {"debootstrap": "bookworm"})
    changed = steps.replace(json.dumps(ROOT), json.dumps(ROOT.replace(old, new)))
    assert "mounts = fstab(system())" not in outcome(changed)
