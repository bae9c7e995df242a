"""Volumes of LVM: lvm2 and the tools of filesystems read what was written, and a system starts."""

from __future__ import annotations

import filecmp
import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from partitions import CHECKS, Physical, copy, decrypt, partitions
from users import User
from vmdsl.boot.console import Console
from vmdsl.boot.machine import Firmware, Machine
from vmdsl.boot.running import running

pytestmark = pytest.mark.integration

MINUTES = 60
MIB = 2**20
EXTENT = 4 * MIB

#: Two partitions, and a volume of each kind of filesystem; the last one is on both partitions. No
#: program of a system is run, so a few files are system enough.
RECIPE = """\
from vmdsl import *

@step
def group() -> VolumeGroup:
    table = {table}(mkimg({image}))
    return mkvg(mkpart(table, size=MiB({first})), mkpart(table), name="g-0")

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mklv(group(), name="ext4"{root})))

@step
def others() -> None:
    mount(mkxfs(mklv(group(), name="xfs", size=MiB(320))), "/xfs", on=root())
    mount(mkbtrfs(mklv(group(), name="btrfs", size=MiB(117))), "/btrfs", on=root())
    mount(mkvfat(mklv(group(), name="vfat", size=MiB(40))), "/vfat", on=root())
    mount(mkf2fs(mklv(group(), name="f2fs", size=MiB(100))), "/f2fs", on=root())
    mkswap(mklv(group(), name="swap", size=MiB(8)))
    {striped}
    mount(mkext4(mklv(group(), name="two", size=MiB(299))), "/two", on=root())

@step
def files() -> None:
    host_shell(root(), '''
        cd "$ROOT"
        for place in xfs btrfs vfat f2fs two striped; do
            mkdir -p "$place"
            yes "$place" | head -c 7M >"$place/file"
        done
        yes | head -c 60M >two/large
    ''')
"""
#: A volume on both partitions, in pieces of 8 KiB by turns. Its size is rounded up to an even
#: number of extents.
STRIPED = (
    'mount(mkxfs(mklv(group(), name="striped", size=MiB(303), stripes=2, stripe_size=KiB(8))), '
    '"/striped", on=root())'
)
SPECIFICATION = """\
steps:
  - mkimg: "{{ output }}"
    size: 800M
  - mklabel: gpt
    device: "{{ output }}"
  - mkpart: primary
    device: "{{ output }}"
    start: 0%
    end: 300MiB
    tag: one
  - mkpart: primary
    device: "{{ output }}"
    start: 300MiB
    end: 100%
    tag: two
  - kpartx: "{{ output }}"
  - cryptsetup: two
    name: crypt
    key-cmd: echo open sesame
  - vgcreate: volumes
    physical: [one, crypt]
  - lvcreate: volumes
    name: rootfs
    size: 600M
  - lvcreate: volumes
    name: data
    size: fill
  - lvscan: volumes
  - mkfs: ext4
    partition: rootfs
  - mkfs: ext2
    partition: data
  - mount: rootfs
  - mount: data
    mount-on: rootfs
    dirname: /data
  - unpack-rootfs: rootfs
  - shell: |
      echo hello >"$ROOT/data/file"
    root-fs: rootfs
  - fstab: rootfs
"""


class Look(Physical):
    """The devices of an image: its partitions, and the volumes that lvm2 finds on them."""

    def __init__(self, image: Path, folder: Path, *, key: str = "") -> None:
        """The second partition is encrypted if there is a key."""
        folder.mkdir(exist_ok=True)
        super().__init__([folder / f"pv{number}" for number, _ in enumerate(partitions(image))])
        for place, (start, size) in zip(self.devices, partitions(image), strict=True):
            copy(image, place, start, size)
        if key:
            decrypt(self.devices[1], key)

    def copy_of(self, name: str) -> Path:
        """A copy of a volume, beside the devices."""
        return self.volume(name, self.devices[0].with_name(name))


def build(user: User, folder: Path, name: str, **recipe: str) -> Path:
    """Build the recipe, and return its image."""
    given = {
        "table": "mkgpt",
        "first": "580",
        "image": "MiB(1340)",
        "root": ", size=Percent(10)",
        "striped": STRIPED,
        **recipe,
    }
    path = user.file(folder / f"{name}.py", RECIPE.format(**given))
    image = folder / f"{name}.img"
    done = user.build(path, "--output", image, "--no-cache")
    assert done.returncode == 0, done.stdout
    return image


def check(look: Look) -> None:
    """Every filesystem is whole, and has its content."""
    copies = {name: look.copy_of(name) for name in look.volumes()}
    kinds = ("ext4", "xfs", "btrfs", "vfat", "f2fs")
    checks = {**{kind: CHECKS[kind] for kind in kinds}, "two": CHECKS["ext4"]}
    checks |= {"striped": CHECKS["xfs"]} if "striped" in copies else {}
    assert set(copies) == {*checks, "swap"}
    for name, command in checks.items():
        done = subprocess.run([*command, copies[name]], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
    for name, content in (("file", b"two\n"), ("large", b"y\n")):
        argv: list[str | Path] = ["debugfs", "-R", f"cat /{name}", copies["two"]]
        said = subprocess.run(argv, capture_output=True, check=True).stdout
        assert said.count(content) * len(content) == len(said) > 5 * MIB
    words = ("blkid", "-p", "-o", "value", "-s", "TYPE")
    done = subprocess.run([*words, copies["swap"]], capture_output=True, text=True, check=True)
    assert done.stdout == "swap\n"


def test_lvm2_finds_volumes_of_every_kind(user: User, tmp_path: Path) -> None:
    """The same bytes are written each time, and no more than are needed."""
    folder = user.folder("lvm")
    image = build(user, folder, "first")
    look = Look(image, tmp_path)
    assert "label_header.type LVM2 001\n" in look.ask("headers", 1)
    assert " vg g-0 seqno 1 " in look.ask("metadata_search")
    check(look)
    found = look.volumes()
    sizes = {name: sum(count for *_, count in pieces) for name, pieces in found.items()}
    ext = {"ext4": 33, "two": 75, "striped": 76}
    assert sizes == {**ext, "xfs": 80, "btrfs": 30, "vfat": 10, "f2fs": 25, "swap": 2}
    assert found["two"] == [(0, 138, 6), (1, 118, 69)]
    assert (found["striped"], look.stripe("striped")) == ([(0, 0, 38), (1, 0, 38)], 8192)
    assert image.stat().st_blocks * 512 < 150 * MIB

    again = Look(build(user, folder, "first"), tmp_path / "again")
    assert again.text == look.text
    for name in set(found) - {"btrfs"}:  # mkfs.btrfs chooses some of its bytes at random
        assert filecmp.cmp(look.copy_of(name), again.copy_of(name), shallow=False), name


@pytest.mark.parametrize(
    ("table", "sector"), [("mkgpt", ", sector=4096"), ("mkmsdos", "")], ids=["large", "mbr"]
)
def test_a_volume_grows_with_its_content(
    user: User, tmp_path: Path, table: str, sector: str
) -> None:
    """And so does its group: there is no room in it but that of the volume."""
    folder = user.folder("lvm")
    image = build(
        user,
        folder,
        table,
        table=table,
        image=f"free=MiB(60){sector}",
        root="",
        striped="",
        first="400",
    )
    look = Look(image, tmp_path)
    check(look)
    taken = sum(count for pieces in look.volumes().values() for *_, count in pieces)
    assert taken == sum(map(int, re.findall(r"^pe_count = (\d+)$", look.text, re.MULTILINE)))
    argv: list[str | Path] = ["dumpe2fs", "-h", look.copy_of("ext4")]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    (free,) = map(int, re.findall(r"^Free blocks: +(\d+)$", said, re.MULTILINE))
    assert 60 * MIB <= free * 4096 < 90 * MIB


def test_a_specification_of_vmdb2(user: User, base: Any, tmp_path: Path) -> None:
    """Of which one volume is on both partitions, and one partition encrypted."""
    folder = user.folder("lvm")
    specification, image = user.file(folder / "v.vmdb", SPECIFICATION), folder / "v.img"
    words = ("--rootfs-tarball", base.tarball, "--output", image)
    done = user.run(user.checkout / ".venv/bin/vmdsl", "build", specification, *words)
    assert done.returncode == 0, done.stdout
    look = Look(image, tmp_path, key="open sesame")
    assert look.volumes() == {"rootfs": [(0, 0, 74), (1, 0, 76)], "data": [(1, 76, 44)]}
    for name, path, content in (
        ("rootfs", "/etc/fstab", " /data ext2 "),
        ("data", "/file", "hello"),
    ):
        volume = look.copy_of(name)
        subprocess.run(["e2fsck", "-fn", volume], check=True, capture_output=True)
        argv: list[str | Path] = ["debugfs", "-R", f"cat {path}", volume]
        said = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
        assert content in said


def test_a_system_on_lvm_starts(user: User, base: Any, accel_of: Callable[..., Any]) -> None:
    """GRUB finds its files, and the system all that it mounts. lvm2 is content, and changes it.

    Both ask for the passphrase of the partition with the root. The disk is larger than the image,
    so the other partition, its group and the root grow.
    """
    image = user.folder("lvm") / "system.img"
    recipe = user.checkout / "tests/integration/recipes/lvm.py"
    words = ("--tarball", base.tarball, "--output", image)
    done = user.build(recipe, *words, timeout=30 * MINUTES)
    assert done.returncode == 0, done.stdout
    machine = Machine(image=image, firmware=Firmware.UEFI, network=False, accel=accel_of())
    with running(machine) as console:
        unlock(console, _GRUB_ASKS)
        console.wait_for("Linux version", timeout=5 * MINUTES)
    os.truncate(image, image.stat().st_size + 203 * MIB)
    with running(replace(machine, firmware=Firmware.BIOS)) as console:
        unlock(console, _GRUB_ASKS)
        unlock(console, _SYSTEM_ASKS)
        console.login(timeout=10 * MINUTES)
        state = said(console, "systemctl is-system-running --wait")
        assert state == "running", console.transcript
        for command, answer in SAYS.items():
            assert said(console, command) == answer, command
        for name in ("home", "srv/xfs", "srv/btrfs", "srv/data", "srv/striped"):
            said(console, f"cd /{name} && b2sum --quiet --check /root/{name.rpartition('/')[2]}")
        said(console, "lvextend --resizefs --size +40M the-group/da-ta")
        said(console, "lvcreate --name more --extents 2 the-group && vgck the-group")
        size = said(console, "df --block-size=1M --output=size /srv/data").split()[-1]
        assert int(size) > 478
        assert said(console, "dmesg --level=emerg,alert,crit,err") == ""
    image.unlink()


_GRUB_ASKS = r"Enter passphrase for hd0,gpt3 \(\w{32}\): "
_SYSTEM_ASKS = r"Please unlock disk encrypted: ?"


def unlock(console: Console, asks: str) -> None:
    """Type the second key of the recipe's encrypted device, as slowly as somebody would.

    The BIOS and GRUB both read the serial port, and what comes at once may lose its order.
    """
    console.wait_for(asks, timeout=10 * MINUTES)
    for key in "open\r":
        console.listen(seconds=2)
        console.send(key)


#: What the system on LVM answers.
SAYS = {
    "findmnt --noheadings --output SOURCE /": "/dev/mapper/the--group-root",
    "grep --only-matching 'root=[^ ]*' /proc/cmdline": "root=/dev/mapper/the--group-root",
    "vgck the-group 2>&1": "",
    "echo $(pvs --noheadings --options vg_name)": "the-group the-group",
    "echo $(lvs --noheadings --options lv_name,seg_count)": (
        "btrfs 1 da-ta 2 home 1 noise 1 root 2 striped 1 swap 1 xfs 1"
    ),
    "echo $(lvs --noheadings --options stripes,stripe_size the-group/striped)": "2 64.00k",
    "echo $(lvs --noheadings --options seg_size --units m the-group/root)": "1452.00m 200.00m",
    "echo $(df --block-size=1G --output=size /)": "1G-blocks 2",
    "echo $(swapon --noheadings --show=SIZE | sort -n)": "4M 64M",
    "dmsetup table --target crypt | grep -o '^swap-.*aes-xts-plain64' | wc -l": "1",
    "findmnt --verify --tab-file /etc/fstab >/dev/null 2>&1 && echo right": "right",
}


def said(console: Console, text: str) -> str:
    """What a command in the machine printed; it must succeed."""
    answer = console.run(text, timeout=10 * MINUTES)
    assert answer.status == 0, f"{text}: {answer.output}"
    return answer.output.strip()
