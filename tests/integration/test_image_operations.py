"""Operations that write to the image itself, as an ordinary user."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from users import User

pytestmark = pytest.mark.integration

MIB = 2**20
RECIPE = """\
from pathlib import Path
from vmdsl import *


@step
def disk() -> Disk:
    return mkimg(MiB(64))


@step
def table() -> {table}:
    return mk{maker}(disk())


@step
def raw() -> Partition:
    return mkpart(table(), start=MiB(4), size=MiB(4))


@step
def esp() -> Ext2:
    return mkext2(mkpart(table(), size=MiB(8)))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def loader() -> None:
    create_file(root(), "/usr/loader", "L" * 100_000)
    create_file(root(), "/empty", "")
    create_symlink(root(), "/dangling", "nowhere")


@step
def image() -> None:
    write_at(raw(), b"raw", offset=KiB(1))
    {operation}
"""


class Try:
    """A folder of the user's, in which recipes with one operation are built."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.folder = user.folder("image-operations")
        self.image = self.folder / "r.img"

    def build(self, operation: str, *, gpt: bool = False) -> subprocess.CompletedProcess[str]:
        """Build it; mypy's complaints of the star are not asked for."""
        text = RECIPE.format(
            operation=operation,
            table="Gpt" if gpt else "Msdos",
            maker="gpt" if gpt else "msdos",
        )
        recipe = self.user.file(self.folder / "r.py", text)
        return self.user.build(recipe, "--output", self.image)

    def at(self, offset: int, size: int) -> bytes:
        with self.image.open("rb") as image:
            image.seek(offset)
            return image.read(size)


@pytest.fixture(scope="module")
def attempt(user: Any) -> Try:
    return Try(user)


def refused(done: subprocess.CompletedProcess[str], what: str) -> None:
    assert done.returncode == 5, done.stdout
    assert what in done.stdout
    assert "r.py:40: step image" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize("gpt", [False, True])
def test_bytes_files_and_files_of_the_system(attempt: Try, *, gpt: bool) -> None:
    attempt.user.file(attempt.folder / "boot.bin", "B" * 1000)
    done = attempt.build(
        'write_at(disk(), system_file(root(), "/usr/loader"), offset=KiB(32))\n'
        '    write_at(disk(), Path("boot.bin"), offset=MiB(1))\n'
        '    write_at(disk(), b"\\0\\1" * 4, offset=Size(3))',
        gpt=gpt,
    )
    assert done.returncode == 0, done.stdout
    assert attempt.at(32 * 1024, 100_000) == b"L" * 100_000
    assert attempt.at(MIB, 1001) == b"B" * 1000 + b"\0"
    assert attempt.at(3, 9) == b"\0\1" * 4 + b"\0"
    assert attempt.at(4 * MIB + 1024, 4) == b"raw\0"
    about = subprocess.run(
        ["/sbin/sfdisk", "--json", attempt.image], check=True, capture_output=True, text=True
    )
    assert len(json.loads(about.stdout)["partitiontable"]["partitions"]) == 3


@pytest.mark.parametrize(
    ("operation", "what"),
    [
        ('write_at(disk(), system_file(root(), "/usr/loader"), offset=MiB(4) - KiB(64))', "raw"),
        ('write_at(disk(), system_file(root(), "/usr/loader"), offset=MiB(64) - KiB(112))', "copy"),
        ('write_at(raw(), system_file(root(), "/usr/loader"), offset=MiB(4) - KiB(1))', "room"),
        ('write_at(raw(), system_file(root(), "/usr/loader"), offset=MiB(0))', "r.py:39 wrote"),
        ('write_at(raw(), system_file(root(), "/usr/loadr"), offset=MiB(1))', "/usr/loadr"),
        ('write_at(raw(), system_file(root(), "/dangling"), offset=MiB(1))', "/dangling"),
        ('write_at(raw(), system_file(root(), "/usr"), offset=MiB(1))', "/usr"),
        ('write_at(raw(), system_file(root(), "/empty"), offset=MiB(1))', "empty"),
        ('write_at(raw(), system_file(root(), "/dev/zero"), offset=MiB(1))', "/dev/zero"),
    ],
)
def test_what_only_the_build_knows(attempt: Try, operation: str, what: str) -> None:
    refused(attempt.build(operation, gpt=True), what)


SCRIPT = r"""
    offset=$(sfdisk --json "$IMAGE" | sed -n "s/.*start.: *\([0-9]*\).*/\1/p" | head -1)
    put() { dd of="$IMAGE" conv=notrunc status=none "$@"; }
    printf changed | put bs=512 seek="$offset"
    printf gap | put bs=1 seek=4096
    head -c 8 "$ROOT/usr/loader" | put bs=1 seek=5000
    python3 -c "import subprocess; subprocess.run(['sfdisk', '--verify', '$IMAGE'], check=True)"
    if mkdir "$ROOT/new" 2>/dev/null; then exit 1; fi
    test -e ./r.py
"""


def test_scripts_change_what_they_name(attempt: Try) -> None:
    done = attempt.build(f"image_shell(disk(), {SCRIPT!r}, partitions=(raw(),))")
    assert done.returncode == 0, done.stdout
    assert attempt.at(4 * MIB, 8) == b"changed\0"
    assert attempt.at(4096, 4) == b"gap\0"
    assert attempt.at(5000, 9) == b"LLLLLLLL\0"


def test_a_script_that_names_the_table(attempt: Try) -> None:
    done = attempt.build(
        "image_shell(disk(), 'sfdisk --quiet --part-type \"$IMAGE\" 2 0b', table=True)"
    )
    assert done.returncode == 0, done.stdout
    assert attempt.at(446 + 16 + 4, 1) == b"\x0b"


@pytest.mark.parametrize(
    ("script", "arguments", "what"),
    [
        (
            'printf x | dd of="$IMAGE" bs=1 seek=9M conv=notrunc',
            "",
            "it has changed the partition esp (",
        ),
        (
            'printf x | dd of="$IMAGE" bs=1 seek=4195328 conv=notrunc',
            "partitions=(raw(),)",
            "wrote",
        ),
        ('sfdisk --quiet --part-type "$IMAGE" 2 0b', "", "the partition table (MBR)"),
        ('printf x >>"$IMAGE"', "", "size of the image"),
        (': >"$IMAGE"', "table=True", "size of the image"),
        ("echo why >&2; exit 3", "", "why"),
    ],
)
def test_scripts_that_change_something_else(
    attempt: Try, script: str, arguments: str, what: str
) -> None:
    attempt.image.unlink(missing_ok=True)
    refused(attempt.build(f"image_shell(disk(), {script!r}, {arguments})"), what)
    assert not attempt.image.exists()


def test_filling_holes_is_no_change(attempt: Try) -> None:
    done = attempt.build(
        "image_shell(disk(), 'dd if=/dev/zero of=\"$IMAGE\" bs=1k seek=62000 count=1 conv=notrunc')"
    )
    assert done.returncode == 0, done.stdout
