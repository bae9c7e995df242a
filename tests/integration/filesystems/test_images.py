"""Images with XFS, Btrfs and F2FS: built by an ordinary user and by root, checked, and booted.

In the machine that boots, the kernel's own drivers read what was written.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from hosts import debian
from layouts import Built
from partitions import copy
from users import User
from vmdsl.boot.console import Console
from vmdsl.boot.firmware import find_firmware
from vmdsl.boot.machine import Machine
from vmdsl.boot.running import running

pytestmark = pytest.mark.integration

MINUTES = 60
IMAGE = 3 * 2**30
Bootable = Callable[..., AbstractContextManager[Console]]
KINDS = ("xfs", "btrfs", "f2fs")
CHECKS = {
    "ext4": ("e2fsck", "-fn"),
    "xfs": ("xfs_repair", "-n"),
    "btrfs": ("btrfs", "check"),
    "f2fs": ("fsck.f2fs", "--dry-run"),
}
#: In /root of the machine: nothing is different from what the build listed.
COMPARE = "python3 /root/listing.py /srv/{kind} | cmp - /root/{kind} && echo same"
#: What the driver writes beside it, in the same filesystem.
WRITE = "cd /srv/{kind} && cp big again && sync && cmp big again && rm -r many again && sync"


def parts(someone: User, image: Path, recipe: Path, *arguments: str | Path) -> dict[str, Path]:
    """Copy the filesystems of an image to files of their own, by the number of the partition."""
    done = someone.run(someone.checkout / ".venv/bin/vmdsl", "plan", recipe, "--json", *arguments)
    assert done.returncode == 0, done.stdout
    layout = json.loads(done.stdout)["layout"]
    places = {p["number"]: p for p in layout["partitions"]}
    found = {}
    for filesystem in layout["filesystems"]:
        place = places[filesystem["partition"]]
        name = f"{filesystem['partition']}-{filesystem['kind']}"
        found[name] = image.with_name(name)
        subprocess.run(
            [
                *("dd", f"if={image}", f"of={found[name]}", "bs=1M", "conv=sparse", "status=none"),
                *("iflag=skip_bytes,count_bytes", f"skip={place['start']}"),
                f"count={place['size']}",
            ],
            check=True,
        )
        os.truncate(found[name], place["size"])
    return found


@pytest.mark.parametrize("elsewhere", ["", pytest.param("trixie", marks=pytest.mark.long)])
def test_bytes_are_the_same_whoever_builds(
    user: User, root_user: User, tmp_path: Path, base: Any, elsewhere: str
) -> None:
    """As an ordinary user or as root, or on a Debian with other programs and another Python."""
    built = []
    for someone in (user, debian(elsewhere, user, tmp_path) if elsewhere else root_user):
        recipe = someone.checkout / "tests/integration/recipes/filesystems.py"
        image = someone.folder("filesystems") / "filesystems.img"
        done = someone.build(recipe, "--output", image, "--tarball", base.tarball)
        assert done.returncode == 0, done.stdout
        built.append(parts(user, image, recipe, "--tarball", base.tarball))
        image.unlink()
    first, *others = built
    assert {name.partition("-")[2] for name in first} == set(CHECKS)
    different = []
    for name, part in first.items():
        kind = name.partition("-")[2]
        done = subprocess.run([*CHECKS[kind], part], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        for number, other in enumerate(others):
            if subprocess.run(["cmp", "--silent", part, other[name]], check=False).returncode:
                different.append((kind, number))
    assert different == []


def test_the_kernel_finds_all_of_it(bootable: Bootable, layouts: Mapping[str, Built]) -> None:
    """Of filesystems of each kind that hold all that may go wrong, and of disks of any layout.

    They are checked and mounted by what systemd would start for that. The disks are behind the end
    of the image.
    """
    with bootable("btrfs", behind=[built.image for built in layouts.values()]) as console:
        console.wait_for(r"root@\(none\):/# ", timeout=10 * MINUTES)
        console.take_shell(timeout=5 * MINUTES)
        said(console, "fsck -A -a && /lib/systemd/systemd-remount-fs && mount --all")
        said(console, "echo written >/root/file && sync")
        check_root(console, "btrfs")
        check_subvolumes(console)
        said(console, "findmnt --verify")
        for kind in KINDS:
            assert said(console, f"findmnt --noheadings --output FSTYPE /srv/{kind}") == kind
            assert said(console, COMPARE.format(kind=kind)) == "same"
            said(console, WRITE.format(kind=kind))
        place = IMAGE
        for name, built in layouts.items():
            row, size = built.row, built.image.stat().st_size
            answer = said(console, f"/root/look.sh {place} {size} {row.sector}")
            mounted = 1 + len(row.apart) + len(row.subvolumes)
            assert (name, answer) == (name, f"{mounted} mounted, {len(row.swap)} swapped")
            place += size
        check_errors(console)


@pytest.mark.parametrize(
    ("kind", "arguments"), [("xfs", ("--large",)), ("f2fs", ("--empty",))], ids=["xfs", "f2fs"]
)
def test_grub_and_the_kernel_find_the_root(
    bootable: Bootable, kind: str, arguments: tuple[str, ...]
) -> None:
    """One is on a disk with sectors of 4096 bytes, as `vmdsl boot` gives it to the machine."""
    with bootable(kind, *arguments) as console:
        console.wait_for(r"root@\(none\):/# ", timeout=10 * MINUTES)
        console.take_shell(timeout=5 * MINUTES)
        said(console, "mount -o remount,rw / && echo written >/root/file && sync")
        check_root(console, kind)
        size = said(console, "cat /sys/block/vda/queue/logical_block_size")
        assert size == ("4096" if kind == "xfs" else "512")
        if kind == "xfs":
            said(
                console,
                "mount /srv/f2fs && mount /boot/efi && cmp /boot/efi/EFI/*/grubx64.efi "
                "/boot/grub/x86_64-efi/core.efi",
            )
            assert said(console, COMPARE.format(kind="f2fs")) == "same"
        check_errors(console)


@pytest.fixture
def bootable(user: User, base: Any, accel_of: Callable[..., Any]) -> Bootable:
    """Builds an image with a root of a kind, with arguments, and boots it once."""

    @contextmanager
    def boot(kind: str, *arguments: str, behind: Sequence[Path] = ()) -> Iterator[Console]:
        recipe = user.checkout / "tests/integration/recipes/filesystems.py"
        image = user.folder("filesystems") / f"{kind}.img"
        words = ("--tarball", base.tarball, "--kind", kind, "--boots", *arguments)
        done = user.build(recipe, *words, "--output", image, timeout=30 * MINUTES)
        assert done.returncode == 0, done.stdout
        assert image.stat().st_size == IMAGE
        for other in behind:
            end = image.stat().st_size
            copy(other, image, 0, other.stat().st_size, at=end)
        found = find_firmware(image)
        machine = Machine(
            image=image,
            firmware=found.firmware,
            network=False,
            accel=accel_of(),
            sector=found.sector,
        )
        with running(machine) as console:
            yield console
        image.unlink()

    return boot


def check_root(console: Console, kind: str) -> None:
    """The root is of its kind, with what only some filesystems keep."""
    assert said(console, "findmnt --noheadings --output FSTYPE /") == kind
    assert "cap_net_raw" in said(console, "getcap /usr/bin/ping || /sbin/getcap /usr/bin/ping")


def check_subvolumes(console: Console) -> None:
    """Each is mounted at its place, and the one that isn't mounted is in the other."""
    for place, root in (("/", "/@"), ("/home", "/@home"), ("/srv/btrfs", "/sets/1")):
        assert said(console, f"findmnt --noheadings --output FSROOT {place}") == root
    assert "rootflags=subvol=@ " in said(console, "cat /proc/cmdline")
    assert said(console, "stat --format %i / /home /var/log /srv/btrfs").split() == ["256"] * 4
    assert "compress=zstd:1" in said(console, "findmnt --noheadings --output OPTIONS /")
    said(
        console, "mount --options subvol=/ /dev/vda1 /mnt && test -d /mnt/@snapshots && umount /mnt"
    )
    assert "subvol" not in said(console, "grep /srv/btrfs /etc/fstab")


def check_errors(console: Console) -> None:
    """The kernel's drivers have found nothing wrong."""
    errors = console.run("dmesg --level=emerg,alert,crit,err | grep -iE 'xfs|btrfs|f2fs'")
    assert errors.output.strip() == ""


def said(console: Console, text: str) -> str:
    """What a command in the machine printed; it must succeed."""
    answer = console.run(text, timeout=10 * MINUTES)
    assert answer.status == 0, f"{text}: {answer.output}"
    return answer.output.strip()
