"""An image as boards have it: firmware on FAT, a boot loader before all partitions, no GRUB."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.integration

MIB = 2**20
SPECIFICATION = """\
steps:
  - mkimg: "{{ output }}"
    size: 1G
  - mklabel: msdos
    device: "{{ output }}"
  - mkpart: primary
    fs-type: fat32
    device: "{{ output }}"
    start: 4MiB
    end: 64MiB
    tag: tag-firmware
  - mkpart: primary
    device: "{{ output }}"
    start: 64MiB
    end: 100%
    tag: tag-root
  - kpartx: "{{ output }}"
  - mkfs: vfat
    partition: tag-firmware
    label: FIRM
  - mkfs: ext4
    partition: tag-root
    label: ROOT
  - mount: tag-root
  - mount: tag-firmware
    mount-on: tag-root
    dirname: /boot/firmware
  - unpack-rootfs: tag-root
  - shell: |
      install -m 644 config.txt "${ROOT?}/boot/firmware/config.txt"
      printf 'LABEL=%s\\n' 'ROOT / ext4 rw 0 1' 'FIRM /boot/firmware vfat rw 0 2' > $ROOT/etc/fstab
    root-fs: tag-root
  - chroot: tag-root
    shell: |
      cat /boot/firmware/config.txt > /boot/firmware/cmdline.txt
  - shell: |
      cp u-boot.bin "$ROOT/boot/u-boot.bin"
      dd if="$ROOT/boot/u-boot.bin" of={{ output }} bs=1k seek=8 conv=notrunc,fsync
    root-fs: tag-root
  - create-file: /boot/firmware/done
    contents: "{{ output }}"
"""


@pytest.fixture(scope="module")
def image(user: Any, base: Any) -> Path:
    """Of the specification on standard input."""
    folder: Path = user.folder("board")
    (folder / "u-boot.bin").write_bytes(b"u-boot" * 50_000)
    (folder / "config.txt").write_text("arm_64bit=1\n")
    done = subprocess.run(
        user.argv(
            *("env", f"--chdir={folder}", user.checkout / ".venv/bin/vmdsl", "build", "-"),
            *("--output", "sd.img", "--rootfs-tarball", base.tarball),
        ),
        input=SPECIFICATION,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "sd.img"


def test_the_boot_loader_is_in_the_image(image: Path) -> None:
    with image.open("rb") as file:
        file.seek(8 * 1024)
        assert file.read(300_000) == b"u-boot" * 50_000
    table = subprocess.run(
        ["sfdisk", "--dump", image], capture_output=True, text=True, check=True
    ).stdout
    assert [line.rpartition("type=")[2] for line in table.splitlines() if "type=" in line] == [
        "c",
        "83",
    ]


def test_scripts_put_files_where_a_filesystem_is_mounted(image: Path) -> None:
    for name, text in (
        ("config.txt", "arm_64bit=1\n"),
        ("cmdline.txt", "arm_64bit=1\n"),
        ("done", "sd.img"),
    ):
        shown = subprocess.run(
            ["mtype", "-i", f"{image}@@{4 * MIB}", f"::{name}"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert shown == text
    fstab = subprocess.run(
        ["debugfs", "-R", "cat /etc/fstab", f"{image}?offset={64 * MIB}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert fstab == "LABEL=ROOT / ext4 rw 0 1\nLABEL=FIRM /boot/firmware vfat rw 0 2\n"
