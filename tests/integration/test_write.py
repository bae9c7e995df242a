"""Images on real block devices: loop devices that belong to an ordinary user."""

from __future__ import annotations

import json
import os
import pty
import pwd
import re
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from users import IS_ROOT, User

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not IS_ROOT, reason="only root can set up a loop device"),
]

MIB = 2**20
GARBAGE = b"garbage\n" * (MIB // 8)
RECIPE = """\
from vmdsl import *

@step
def table() -> Gpt:
    return mkgpt(mkimg(MiB(32)))

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))

@step
def system() -> RootFs:
    host_shell(root(), 'mkdir "$ROOT/etc"; echo it >"$ROOT/etc/it"')
    return RootFs(mounted=root(), suite=Suite("bookworm"), arch=Arch.AMD64)
"""


def do(*command: str | Path, stdin: str = "") -> str:
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, check=True
    ).stdout.strip()


def write(user: User, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return user.run(user.checkout / ".venv/bin/vmdsl", "write", *arguments)


@pytest.fixture(scope="module")
def folder(user: User) -> Path:
    return user.folder("write")


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


Disk = Callable[..., Path]


@pytest.fixture
def disk(folder: Path, user: User, stack: ExitStack) -> Disk:
    """Makes a disk with old data that belongs to the user.

    The kernel frees it when this process closes its file, however it ends.
    """

    def disk(size: int, *options: str, folder: Path = folder) -> Path:
        backing = folder / "disk"
        backing.write_bytes(GARBAGE * (size // MIB) + GARBAGE[: size % MIB])
        device = Path(do("losetup", "--find", "--show", *options, backing))
        stack.callback(os.close, os.open(device, os.O_RDONLY))
        do("losetup", "--detach", device)  # when it is closed
        os.chown(device, pwd.getpwnam(user.name).pw_uid, -1)
        stack.callback(os.chown, device, 0, -1)
        return device

    return disk


@pytest.fixture(scope="module")
def image(folder: Path) -> Path:
    """An image with a GPT, two partitions, and data and holes in them."""
    path = folder / "pc.img"
    with path.open("wb") as file:
        file.truncate(40 * MIB)
    script = "label: gpt\nsize=8M, type=U, name=esp\nsize=24M, name=root\n"
    do("sfdisk", "--quiet", path, stdin=script)
    with path.open("r+b") as file:
        for place in (2 * MIB, 9 * MIB + 4096, 30 * MIB):
            os.pwrite(file.fileno(), os.urandom(MIB), place)
    return path


def start_of(device: Path, size: int = MIB) -> bytes:
    with device.open("rb", buffering=0) as file:
        return file.read(size)


def table_of(device: Path) -> dict[str, object]:
    found = json.loads(do("sfdisk", "--json", device))["partitiontable"]
    for part in found["partitions"]:
        part["node"] = part["node"].removeprefix(str(device)).lstrip("p")
    return {**found, "device": ""}


def test_a_disk_that_cannot_discard(
    disk: Disk, image: Path, user: User, stack: ExitStack, tmp_path: Path
) -> None:
    """Its old data are overwritten; a second time, there are none."""
    do("mount", "-t", "ramfs", "none", tmp_path)
    stack.callback(do, "umount", "--lazy", tmp_path)
    device = disk(40 * MIB, folder=tmp_path)
    for amount in ("40 MiB", "6 MiB"):
        done = write(user, image, device, "--yes")
        assert f"{device}: {amount} of {image} written and compared in " in done.stdout
        assert start_of(device, 40 * MIB) == image.read_bytes()


@pytest.mark.parametrize("form", ["raw", "qcow2"])
def test_a_larger_disk(disk: Disk, image: Path, user: User, form: str) -> None:
    if form != "raw":
        do("qemu-img", "convert", "-O", form, image, image.with_suffix(f".{form}"))
        image = image.with_suffix(f".{form}")
    device = disk(43 * MIB + 512)
    done = write(user, image, device, "--yes")
    assert done.returncode == 0, done.stdout
    assert re.search(
        rf"^{device}: .* of {image} written and compared in ", done.stdout, re.MULTILINE
    )
    raw = image.with_suffix(".img")
    wanted = {**table_of(raw), "lastlba": (43 * MIB + 512) // 512 - 34}
    assert table_of(device) == wanted
    assert "No errors detected" in do("sfdisk", "--verify", device)
    with device.open("rb", buffering=0) as on_disk, raw.open("rb") as in_image:
        on_disk.seek(MIB)
        in_image.seek(MIB)
        usable = 39 * MIB - 33 * 512
        assert on_disk.read(usable) == in_image.read(usable)
        assert on_disk.read(33 * 512) == bytes(33 * 512)


def test_an_mbr_on_a_disk_of_its_size(disk: Disk, folder: Path, user: User) -> None:
    image = folder / "mbr.img"
    with image.open("wb") as file:
        file.truncate(20 * MIB)
    do("sfdisk", "--quiet", image, stdin="label: dos\nsize=8M\n,\n")
    device = disk(20 * MIB)
    done = write(user, image, device, "--yes")
    assert done.returncode == 0, done.stdout
    assert start_of(device, 20 * MIB) == image.read_bytes()


class TestRefused:
    """What is refused stays as it is."""

    @pytest.fixture(autouse=True)
    def given(self, disk: Disk, image: Path, user: User, stack: ExitStack) -> None:
        self.disk, self.image, self.user, self.stack = disk, image, user, stack

    def refused(self, device: Path, *flags: str, code: int = 4) -> str:
        before = start_of(device)
        done = write(self.user, self.image, device, *flags)
        assert done.returncode == code, done.stdout
        assert start_of(device) == before
        return done.stdout

    def partition(self, device: Path) -> Path:
        subprocess.run(
            ["delpart", device, "1"], check=False, stderr=subprocess.DEVNULL
        )  # of a run that was killed
        do("addpart", device, "1", "2048", "32768")
        self.stack.callback(do, "delpart", device, "1")
        return Path(f"{device}p1")

    def test_nobody_has_agreed(self) -> None:
        device = self.disk(43 * MIB)
        said = self.refused(device, code=2)
        assert re.search(f"loss of all data on {device}: .*/disk, 45.1 MB", said)

    def test_too_small(self) -> None:
        assert "is too small: it has 39 MiB" in self.refused(self.disk(39 * MIB), "--yes")

    def test_read_only(self) -> None:
        assert "is read-only" in self.refused(self.disk(43 * MIB, "--read-only"), "--yes")

    def test_other_sectors(self) -> None:
        device = self.disk(44 * MIB, "--sector-size", "4096")
        assert f"those of {device} have 4096" in self.refused(device, "--yes")

    def test_not_the_users(self) -> None:
        device = self.disk(43 * MIB)
        os.chown(device, 0, -1)
        assert f"As root: chown {self.user.name} {device}" in self.refused(device, "--yes")

    def test_a_partition(self) -> None:
        device = self.disk(43 * MIB)
        part = self.partition(device)
        assert f"name it: {device}" in self.refused(part, "--yes", code=2)

    def test_mounted(self, tmp_path: Path) -> None:
        device = self.disk(43 * MIB)
        part = self.partition(device)
        do("mkfs.ext4", "-q", part)
        do("mount", part, tmp_path)
        self.stack.callback(do, "umount", tmp_path)
        said = self.refused(device, "--yes")
        assert f"{device} is in use: {part.name} is mounted at {tmp_path}  [disk-in-use]" in said

    def test_swap(self) -> None:
        device = self.disk(43 * MIB)
        device.chmod(0o600)
        do("mkswap", device)
        do("swapon", device)
        self.stack.callback(do, "swapoff", device)
        assert f"is in use: {device.name} is swap" in self.refused(device, "--yes")

    def test_somebody_else_writes_to_it(self) -> None:
        device = self.disk(43 * MIB)
        self.stack.callback(os.close, os.open(device, os.O_RDWR | os.O_EXCL))
        assert "something has claimed it" in self.refused(device, "--yes")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_killed(disk: Disk, folder: Path, user: User, number: signal.Signals) -> None:
    """The disk has neither the new table nor the old one, and the report says so."""
    image = folder / "large.img"
    with image.open("wb") as file:
        for _ in range(160):
            file.write(GARBAGE[::-1])
    device = disk(161 * MIB)
    do("sfdisk", "--quiet", device, stdin="label: gpt\n,\n")
    with subprocess.Popen(
        user.vmdsl("write", image, device, "--yes"),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            deadline = time.monotonic() + 60
            with device.open("rb", buffering=0) as file:
                while os.pread(file.fileno(), 8, 2 * MIB) == GARBAGE[:8]:
                    assert time.monotonic() < deadline
                    assert process.poll() is None
                    time.sleep(0.001)
            process.send_signal(number)
            said, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    killed = number is signal.SIGKILL
    assert process.returncode == (-number if killed else 128 + number), said
    assert ("has no partition table: writing was interrupted  [half-written]" in said) != killed
    assert start_of(device) == bytes(MIB)
    with device.open("rb", buffering=0) as file:
        assert os.pread(file.fileno(), MIB, 160 * MIB) == bytes(MIB)


@pytest.mark.parametrize("said", ["y", "n"])
def test_asked_on_a_terminal(disk: Disk, image: Path, user: User, said: str) -> None:
    device = disk(40 * MIB)
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        user.vmdsl("write", image, device), stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = b""
        while piece := read(ours):
            shown += piece
            if shown.endswith(b"[y/N]: "):
                os.write(ours, f"{said}\n".encode())
        os.close(ours)
    assert re.search(f"{device}: .*/disk, 41.9 MB", shown.decode())
    assert process.returncode == (0 if said == "y" else 2), shown
    if said == "y":
        assert start_of(device, 40 * MIB) == image.read_bytes()
    else:
        assert b"is left as it is" in shown
        assert start_of(device) == GARBAGE


def read(terminal: int) -> bytes:
    """What a terminal shows next; nothing after a minute, or when its other end is closed."""
    try:
        return os.read(terminal, 4096) if select.select([terminal], [], [], 60)[0] else b""
    except OSError:
        return b""


def test_a_build_writes_the_image_of_its_recipe(disk: Disk, folder: Path, user: User) -> None:
    recipe = user.file(folder / "pc.py", RECIPE)
    device = disk(32 * MIB)
    done = user.build(recipe, "--output", device, "--yes")
    assert done.returncode == 0, done.stdout
    image = folder / "built.img"
    assert user.build(recipe, "--output", image).returncode == 0
    assert start_of(device, 32 * MIB) == image.read_bytes()
    assert list((user.cache / "builds").glob("*/*.img")) == []


def test_a_build_is_refused_before_it_begins(disk: Disk, folder: Path, user: User) -> None:
    recipe = user.file(folder / "pc.py", RECIPE)
    device = disk(31 * MIB)
    done = user.build(recipe, "--output", device, "--yes")
    assert done.returncode == 4
    assert f"{device} is too small: it has 31 MiB, and pc.img has 32 MiB" in done.stdout
    assert "[1/" not in done.stdout
    assert start_of(device) == GARBAGE


def test_a_build_that_fails_leaves_the_disk(disk: Disk, folder: Path, user: User) -> None:
    fails = '\n@step\ndef fails() -> None:\n    host_shell(root(), "false")\n'
    recipe = user.file(folder / "fails.py", RECIPE + fails)
    device = disk(32 * MIB)
    done = user.build(recipe, "--output", device, "--yes")
    assert done.returncode == 5
    assert "the whole log is fails.img.log" in done.stdout
    assert (user.home / "fails.img.log").is_file()
    assert start_of(device) == GARBAGE
