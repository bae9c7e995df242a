"""A build leaves the image and the cache, and nothing else on the machine; and a system that runs
keeps booting when its kernel and its GRUB are installed anew.
"""

from __future__ import annotations

import pwd
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from guests import let_start_quickly
from users import IS_ROOT, User
from vmdsl.boot.console import Console
from vmdsl.boot.machine import Accel, Firmware, Machine
from vmdsl.boot.running import running

pytestmark = pytest.mark.integration

MINUTES = 60
BOOTS = r"^\s*(linux|initrd|search|menuentry|submenu)\s"
#: What the configuration starts, but for the firmware's own menu, which only UEFI has.
ENTRIES = f"grep -E '{BOOTS}' /boot/grub/grub.cfg | grep -v uefi-firmware | sed 's/--hint[^ ]* //g'"
CORES = (
    "md5sum /boot/grub/x86_64-efi/core.efi /boot/efi/EFI/BOOT/BOOTX64.EFI /boot/efi/EFI/debian/*"
)

#: The new kernel's initramfs is loaded and not run. The hooks' programs take long to be copied.
QUICKER = r"""
printf 'MODULES=list\nCOMPRESSLEVEL=1\n' >/etc/initramfs-tools/conf.d/quicker
chmod -x /usr/share/initramfs-tools/hooks/*
"""


@dataclass(frozen=True, kw_only=True)
class Traces:
    """What of a user's a build could leave on this machine."""

    loops: list[str]
    mounts: list[str]
    processes: set[str]
    temporary: set[Path]
    home: set[Path]


def find_traces(user: User) -> Traces:
    home, ids = str(user.home), ids_of(user.name)
    losetup = subprocess.run(
        ["/sbin/losetup", "--list"], check=True, capture_output=True, text=True
    )
    folders = ("/tmp", "/var/tmp", "/dev/shm", "/run/lock")
    places = [path for folder in folders for path in Path(folder).iterdir()]
    return Traces(
        loops=[line for line in losetup.stdout.splitlines() if home in line],
        mounts=[line for line in Path("/proc/mounts").read_text().splitlines() if home in line],
        processes={name for owner, name in processes() if owner in ids},
        temporary={path for path in places if owner(path) in ids},
        home=set(below(user)),
    )


def below(user: User) -> Iterator[Path]:
    """All in a user's home, but nothing in the cache and in the checkout."""
    for path in user.home.iterdir():
        yield path
        if path not in {user.cache, user.checkout}:
            yield from path.rglob("*")


def processes() -> Iterator[tuple[int, str]]:
    """The owner of each process, and its number with its command."""
    for folder in Path("/proc").glob("[1-9]*"):
        try:
            yield folder.stat().st_uid, f"{folder.name} {(folder / 'comm').read_text().strip()}"
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue


def owner(path: Path) -> int:
    try:
        return path.lstat().st_uid
    except FileNotFoundError:  # somebody has just removed it
        return -1


def ids_of(name: str) -> set[int]:
    """The ids of a user and of all that runs in the user's sandboxes."""
    ids = {pwd.getpwnam(name).pw_uid}
    for line in Path("/etc/subuid").read_text().splitlines():
        someone, first, count = line.split(":")
        if someone == name:
            ids.update(range(int(first), int(first) + int(count)))
    return ids


@dataclass(frozen=True, kw_only=True)
class Building:
    """An image, and what there was of its user's just before its build and just after it."""

    image: Path
    before: Traces
    after: Traces


@pytest.fixture(scope="module")
def building(alone: User) -> Building:
    image = alone.folder("upgrades") / "upgrades.img"
    recipe = alone.checkout / "tests/integration/recipes/upgrades.py"
    before = find_traces(alone)
    built = alone.build(recipe, "--output", image, timeout=20 * MINUTES)
    assert built.returncode == 0, built.stdout
    return Building(image=image, before=before, after=find_traces(alone))


def test_no_loop_device_and_no_mount(building: Building) -> None:
    assert building.after.loops == building.before.loops
    assert building.after.mounts == building.before.mounts


@pytest.mark.skipif(not IS_ROOT, reason="this user may do other things at the same time")
def test_no_process_and_no_temporary_file(building: Building) -> None:
    assert building.after.processes <= building.before.processes
    assert building.after.temporary == building.before.temporary


def test_only_the_image_and_the_cache(building: Building, alone: User) -> None:
    assert building.after.home - building.before.home <= {building.image, alone.cache}


@pytest.fixture
def accel(accel_of: Callable[..., Accel]) -> Accel:
    return accel_of()


def machine_of(image: Path, firmware: Firmware, accel: Accel) -> Machine:
    """A machine whose image keeps what the guest writes, with variables of the firmware as new."""
    return Machine(image=image, firmware=firmware, keep=True, accel=accel)


def done(console: Console, command: str) -> str:
    """What a command said; it must succeed."""
    answer = console.run(f"export DEBIAN_FRONTEND=noninteractive\n{command}", timeout=20 * MINUTES)
    assert answer.status == 0, f"{command}: {answer.output}"
    assert "grub-install:" not in answer.output, f"{command}: {answer.output}"
    return answer.output.strip()


def test_a_kernel_and_grub_are_installed_anew(building: Building, accel: Accel) -> None:
    commands = (
        "uname -r",
        ENTRIES,
        f"dpkg --install /root/debs/grub-pc_*.deb 2>&1; {ENTRIES}",
        QUICKER,
        "dpkg --install /root/debs/linux-image-*.deb 2>&1",
        CORES,
        f"dpkg --install /root/debs/grub-efi-amd64_*.deb 2>&1; {CORES}",
        "efibootmgr",
        "grub-install 2>&1",
        "grub-install --target=i386-pc /dev/vda 2>&1",
        "sync",
    )
    let_start_quickly(building.image)
    with running(machine_of(building.image, Firmware.UEFI, accel)) as console:
        console.login(timeout=10 * MINUTES)
        said = [done(console, command) for command in commands]
        console.power_off(timeout=5 * MINUTES)
    old, before, after, *_, made, renewed, entry, _, _, _ = said
    assert after.splitlines()[-len(before.splitlines()) :] == before.splitlines()
    assert sums(made, 3) != sums(renewed, 3), "the package did not install GRUB"
    assert "debian" in entry
    for firmware in (Firmware.BIOS, Firmware.UEFI):  # what starts then is what is new
        with running(machine_of(building.image, firmware, accel)) as console:
            new = console.wait_for(r"Linux version (\S+) ", timeout=5 * MINUTES)[1]
            line = console.wait_for(r"Command line: (.*)\n", timeout=MINUTES)[1]
        assert new != old
        assert "cloud" in new
        assert "net.ifnames=0" in line.split()


def sums(text: str, count: int) -> set[str]:
    """The one checksum of GRUB's core image, wherever it lies."""
    found = [line.split()[0] for line in text.splitlines() if line.endswith((".efi", ".EFI"))]
    assert len(found) == count
    assert len(set(found)) == 1, "the modules are renewed, and what firmware starts is not"
    return set(found)
