"""Scripts that write to the image while they change the tree, as an ordinary user."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from users import User

pytestmark = pytest.mark.integration

MIB = 2**20
SIZE = 64 * MIB
RECIPE = """\
from vmdsl import *


@step
def disk() -> Disk:
    return mkimg(MiB(64))


@step
def table() -> {kind}:
    return mk{maker}(disk())


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), start=MiB(2), size=MiB(32))))


@step
def board() -> None:
    host_shell(root(), {script!r}, image=disk())


@step
def after() -> None:
    create_file(root(), "/after", "after")
    {after}
"""
#: As the specifications of boards have it, in the order in which they have it.
BOARD = """
    mkdir "$ROOT/sd_fuse"
    head -c 15360 /dev/zero | tr '\\0' 1 >"$ROOT/sd_fuse/bl1.bin"
    head -c 16384 /dev/zero | tr '\\0' 2 >"$ROOT/sd_fuse/bl2.bin"
    head -c 400000 /dev/zero | tr '\\0' 3 >"$ROOT/u-boot.bin"
    dd if=$ROOT/sd_fuse/bl1.bin of=$IMAGE seek={first} conv=fsync,notrunc
    dd if=$ROOT/sd_fuse/bl2.bin of=$IMAGE seek=131 conv=fsync,notrunc
    dd if=$ROOT/u-boot.bin of=$IMAGE bs=512 seek=163 conv=fsync,notrunc
    sfdisk --json "$IMAGE" | grep '"start": 4096'
    test "$(stat -c %s "$IMAGE")" = 67108864
    rm -r $ROOT/sd_fuse
"""


class Try:
    """A folder of the user's, in which recipes with such a script are built."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.folder = user.folder("host-shell-image")
        self.image = self.folder / "r.img"

    def build(
        self, script: str, *arguments: str, after: str = "", gpt: bool = False
    ) -> subprocess.CompletedProcess[str]:
        kind, maker = ("Gpt", "gpt") if gpt else ("Msdos", "msdos")
        text = RECIPE.format(script=script, after=after, kind=kind, maker=maker)
        recipe = self.user.file(self.folder / "r.py", text)
        return self.user.build(recipe, "--output", self.image, *arguments)

    def at(self, offset: int, size: int) -> bytes:
        with self.image.open("rb") as image:
            image.seek(offset)
            return image.read(size)

    def names(self) -> str:
        shown = subprocess.run(
            ["/sbin/debugfs", "-R", "ls -p /", f"{self.image}?offset={2 * MIB}"],
            check=True,
            capture_output=True,
            text=True,
        )
        return shown.stdout


@pytest.fixture(scope="module")
def attempt(user: Any) -> Try:
    return Try(user)


@pytest.mark.parametrize("gpt", [False, True])
def test_a_script_for_a_board(attempt: Try, *, gpt: bool) -> None:
    first = 34 if gpt else 1  # of the sectors behind the table
    loader = 'write_at(disk(), b"more", offset=KiB(1000))'
    done = attempt.build(BOARD.format(first=first), after=loader, gpt=gpt)
    assert done.returncode == 0, done.stdout
    assert attempt.image.stat().st_size == SIZE
    assert attempt.at(first * 512, 15361) == b"1" * 15360 + b"\0"
    assert attempt.at(131 * 512, 16385) == b"2" * 16384 + b"3"
    assert attempt.at(163 * 512, 400_001) == b"3" * 400_000 + b"\0"
    assert attempt.at(1000 * 1024, 5) == b"more\0"
    names = attempt.names()
    assert "/u-boot.bin/" in names
    assert "/after/" in names
    assert "sd_fuse" not in names
    table = subprocess.run(
        ["/sbin/sfdisk", "--json", attempt.image], check=True, capture_output=True, text=True
    )
    assert len(json.loads(table.stdout)["partitiontable"]["partitions"]) == 1
    before = attempt.image.read_bytes()
    again = attempt.build(BOARD.format(first=first), after=loader, gpt=gpt)
    assert again.returncode == 0, again.stdout
    assert "unchanged" not in again.stdout
    assert attempt.image.read_bytes() == before


def refused(attempt: Try, done: subprocess.CompletedProcess[str], *said: str) -> None:
    assert done.returncode == 5, done.stdout
    for part in said:
        assert part in done.stdout
    assert "Traceback" not in done.stdout
    assert not attempt.image.exists()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (
            "echo x | dd of=$IMAGE bs=1M seek=3 conv=notrunc",
            (
                "step board: it has written to byte 3145728 of the image, where the partition root",
                "$ROOT",
            ),
        ),
        (
            "echo 'type=83' | sfdisk --quiet --no-reread $IMAGE",
            ("of the image, where the partition table (MBR) is", "image_shell(table=True)"),
        ),
        ("echo x | dd of=$IMAGE bs=1M seek=64 conv=notrunc", ("67108866 bytes large",)),
        ("echo x | dd of=$IMAGE bs=1M seek=1", ("1048578 bytes large", "conv=notrunc")),
        ("rm $IMAGE", ("it has removed $IMAGE",)),
        ("cp /bin/true $IMAGE.new; mv $IMAGE.new $IMAGE", ("it has removed $IMAGE",)),
    ],
)
def test_scripts_that_touch_something_else(
    attempt: Try, script: str, said: tuple[str, ...]
) -> None:
    attempt.image.unlink(missing_ok=True)
    refused(attempt, attempt.build(script), "r.py:21: step board", *said)


@pytest.mark.parametrize(
    ("after", "where"),
    [
        ('write_at(disk(), b"x", offset=KiB(8))', "where what "),
        (
            "host_shell(root(), 'echo x | dd of=$IMAGE bs=1 seek=8193 conv=notrunc', image=disk())",
            "where what ",
        ),
        (
            "image_shell(disk(), 'echo x | dd of=$IMAGE bs=1 seek=8193 conv=notrunc')",
            "it has changed what ",
        ),
    ],
)
def test_nothing_is_written_twice(attempt: Try, after: str, where: str) -> None:
    attempt.image.unlink(missing_ok=True)
    done = attempt.build("echo 1234 | dd of=$IMAGE bs=1k seek=8 conv=notrunc", after=after)
    refused(attempt, done, where, "r.py:21 wrote")


def test_what_a_script_leaves_running_does_not_write_later(attempt: Try) -> None:
    script = "(sleep 1; echo x | dd of=$IMAGE bs=1k seek=8 conv=notrunc) >/dev/null 2>&1 &"
    done = attempt.build(script, after="host_shell(root(), 'sleep 2')")
    assert done.returncode == 0, done.stdout
    assert attempt.at(8192, 1) == b"\0"


def test_a_failed_script_is_looked_into(attempt: Try) -> None:
    attempt.image.unlink(missing_ok=True)
    done = attempt.build(
        "touch $ROOT/new; echo x | dd of=$IMAGE bs=1k seek=8 conv=notrunc; exit 3",
        "--on-error",
        "keep",
    )
    refused(attempt, done, "exit code 3", "the tree is kept in")
