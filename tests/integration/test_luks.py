"""Encrypted devices: cryptsetup opens and decrypts them, and only keys do.

A system on one starts in test_lvm.py.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from partitions import CHECKS, copy, cryptsetup, decrypt, partitions
from users import User
from vmdsl.builder.filesystems import ext, xfs

pytestmark = pytest.mark.integration

MIB = 2**20

#: Filesystems of each kind, with blocks that are smaller than what is encrypted at a time, and on a
#: volume; and a device that has no whole pages.
RECIPE = """\
from vmdsl import *

COST = ("--pbkdf-force-iterations=4", "--pbkdf-memory=32", "--pbkdf-parallel=1")

@step
def table() -> Gpt:
    return mkgpt(mkimg(MiB(1000)))

@step
def root() -> Mounted[Ext4]:
    device = mkluks(
        mkpart(table(), size=MiB(200)),
        Secret.from_file("first key"), Secret.from_environment("SECOND_KEY"),
        label="--it's a \\"label\\"", options=COST,
    )
    return mount(mkext4(device))

@step
def key() -> Secret:
    return Secret.from_text("third")

@step
def others() -> None:
    def part(name: str, size: Size) -> Luks:
        return mkluks(mkpart(table(), size=size), key(), name=name, options=COST)

    mount(mkxfs(part("xfs", MiB(340))), "/xfs", on=root())
    mount(mkvfat(part("vfat", Size(60 * 2**20 - 512))), "/vfat", on=root())
    group = mkvg(part("physical", MiB(120)), name="group")
    mount(mkf2fs(mklv(group, name="f2fs")), "/f2fs", on=root())
    swap_space = mkluks(
        mkpart(table()), key(), name="swap", kdf="pbkdf2",
        options=("--pbkdf-force-iterations=1000",),
    )
    mkswap(swap_space)

@step
def files() -> None:
    host_shell(root(), '''
        cd "$ROOT"
        for place in . xfs vfat f2fs; do
            mkdir -p "$place"
            yes "$place" | head -c 7M >"$place/file"
        done
        truncate -s 5M hole
    ''')
"""
XFS = ("-c", "sb 0", "-c", "print blocksize dblocks agblocks", "-c", "freesp -d")
FIRST, SECOND = "-- $(it) is \"'\\ a key", "zweiter Schlüssel"
CHECKSUM = re.compile(r"^(.+), before it is encrypted: SHA-256 ([0-9a-f]{64})$", re.MULTILINE)
KEYS = (FIRST, "third", "third", "third", "third")


@dataclass(frozen=True, kw_only=True)
class Made:
    """An image, the log of its build, and the content of its devices as cryptsetup decrypts it."""

    image: Path
    encrypted: list[Path]
    devices: list[Path]
    checksums: dict[str, str]


def build(user: User, folder: Path, name: str) -> Made:
    home = user.folder("luks")
    recipe = user.file(home / "encrypted.py", RECIPE)
    user.file(home / "first key", f"{FIRST}\r\nand no part of it\n")
    image = home / f"{name}.img"
    vmdsl = ("env", f"SECOND_KEY={SECOND}", user.checkout / ".venv/bin/vmdsl")
    options = ("--output", image, "--no-cache")
    logs = user.cache / "logs"
    before = set(logs.iterdir()) if logs.exists() else set()
    done = user.run(*vmdsl, "build", recipe, *options)
    assert done.returncode == 0, done.stdout
    checksums = dict(CHECKSUM.findall(done.stdout))
    logs_since = (log.read_text(errors="replace") for log in set(logs.iterdir()) - before)
    (log,) = (log for log in logs_since if dict(CHECKSUM.findall(log)) == checksums)
    assert "+ cryptsetup luksFormat " in log
    encrypted, devices = [], []
    folder.mkdir(exist_ok=True)
    for number, (start, size) in enumerate(partitions(image)):
        place, plain = folder / f"encrypted{number}", folder / f"{name}{number}"
        copy(image, place, start, size)
        copy(place, plain, 0, size)
        decrypt(plain, KEYS[number])
        encrypted.append(place)
        devices.append(plain)
    return Made(image=image, encrypted=encrypted, devices=devices, checksums=checksums)


@pytest.fixture(scope="module")
def made(user: User, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return build(user, tmp_path_factory.mktemp("luks"), "first")


@pytest.mark.parametrize("key", [FIRST, SECOND])
def test_each_key_opens_it(made: Made, key: str) -> None:
    done = cryptsetup(key, "open", "--test-passphrase", made.encrypted[0])
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("key", ["third", f"{FIRST}\r", f"{FIRST} "])
def test_nothing_else_opens_it(made: Made, key: str) -> None:
    assert cryptsetup(key, "open", "--test-passphrase", made.encrypted[0]).returncode == 2


def test_the_content_is_whole(made: Made, tmp_path: Path) -> None:
    """fsck finds nothing, and each file has its bytes, of which a hole has none."""
    kinds = ("ext4", "xfs", "vfat", "f2fs")
    devices = dict(zip(kinds, made.devices, strict=False))
    group = devices["f2fs"]
    checked = subprocess.run(["pvck", "--dump", "metadata", group], capture_output=True, check=True)
    assert b'id = "' in checked.stdout
    devices["f2fs"] = tmp_path / "volume"
    copy(group, devices["f2fs"], MIB, 100 * MIB)
    for kind, command in ((kind, CHECKS[kind]) for kind in kinds):
        done = subprocess.run([*command, devices[kind]], capture_output=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    for path, content in (("file", b".\n" * (7 * MIB // 2)), ("hole", bytes(5 * MIB))):
        argv: list[str | Path] = ["debugfs", "-R", f"cat /{path}", devices["ext4"]]
        assert subprocess.run(argv, capture_output=True, check=True).stdout == content
    argv = ["blkid", "-p", "-o", "value", "-s", "TYPE", made.devices[4]]
    assert subprocess.run(argv, capture_output=True, check=True).stdout == b"swap\n"


def test_a_build_differs_in_what_is_encrypted_alone(made: Made, user: User, tmp_path: Path) -> None:
    """Under the same passphrase there is nothing in common, but what filesystems call used.

    The checksums of that are the same.
    """
    again = build(user, tmp_path, "again")
    names = ("ext4", "xfs", "vfat", "f2fs", "swap")
    assert [name.partition(" ")[0] for name in again.checksums] == sorted(names, key=names.index)
    assert again.checksums == made.checksums
    assert len(set(made.checksums.values())) == len(names)
    fat, volume = (one.stat().st_size - 16 * MIB for one in made.encrypted[2:4])
    written = [[], [], [(0, fat)], [(0, 8192), (MIB, volume - 4 * MIB)], [(0, 4096)]]
    tools = {0: (("dumpe2fs",), ext), 1: (("xfs_db", "-r", *XFS), xfs)}
    for number, (first, second) in enumerate(zip(made.devices, again.devices, strict=True)):
        used = written[number]
        if number in tools:
            argv, kind = tools[number]
            done = subprocess.run([*argv, first], capture_output=True, text=True, check=True)
            used = kind.used_shown(done.stdout)
        with first.open("rb") as one, second.open("rb") as other:
            for start, end in used:
                one.seek(start)
                other.seek(start)
                assert one.read(end - start) == other.read(end - start), number
    for first, second in zip(made.encrypted, again.encrypted, strict=True):
        with first.open("rb") as one, second.open("rb") as other:
            one.seek(16 * MIB)
            other.seek(16 * MIB)
            assert one.read(4096) != other.read(4096)
    start, _ = next(partitions(made.image))
    with made.image.open("rb") as one, again.image.open("rb") as other:
        assert one.read(start) == other.read(start)


def test_only_what_is_used_is_written(made: Made) -> None:
    """Of 200 MiB with ext4, and of 340 with XFS; FAT and F2FS are written whole."""
    sizes = [device.stat().st_blocks * 512 // MIB for device in made.encrypted]
    assert sizes[0] < 16 + 40
    assert sizes[1] < 16 + 90
    assert sizes[4] <= 17


def test_sectors_are_as_large_as_the_device_allows(made: Made) -> None:
    sizes = []
    for device in made.encrypted:
        said = cryptsetup("", "luksDump", device).stdout.decode()
        sizes += re.findall(r"^\tsector: (\d+) \[bytes\]$", said, re.MULTILINE)
    assert sizes == ["4096", "4096", "512", "4096", "4096"]


def test_keys_are_left_nowhere(made: Made, user: User) -> None:
    words = [word for key in (FIRST, SECOND) for word in ("-e", key)]
    argv: list[str | Path] = [
        "grep",
        "--recursive",
        "--files-with-matches",
        "--text",
        "--fixed-strings",
    ]
    found = subprocess.run(
        [*argv, *words, made.image.parent, user.cache], capture_output=True, text=True, check=False
    )
    assert [Path(line).name for line in found.stdout.splitlines()] == ["first key"]
