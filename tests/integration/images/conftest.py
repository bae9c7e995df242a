"""The images of all recipes, built once by an ordinary user, and a way to look into them."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import subprocess
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sharing import Run
from users import User
from vmdsl.boot.machine import Firmware

BLOCK = 64 * 1024
BIOS, UEFI = Firmware.BIOS, Firmware.UEFI
CARD, NO_CARD = "network", "no network"


PAGE = """python3 -c '
from urllib.request import urlopen
print(urlopen("http://127.0.0.1").read().decode())'"""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a recipe promises: what boots it, with a network card or without one, the arguments
    that let root log in, and what commands print in it."""

    boots: tuple[tuple[Firmware, str], ...]
    arguments: tuple[str, ...] = ()
    hostname: str
    says: tuple[tuple[str, str], ...] = ()


#: Recipes for boards. Their systems take long: test_boards.py is about what the boards look for.
OF_BOARDS = {"board", "visionfive2"}
#: A recipe without an entry fails test_content.py. Each boots with all its kinds of firmware, with
#: the last one until all of it runs, with those before until its system starts: the
#: cloud with UEFI, and the worker, in test_remote.py, what is signed in a test of its own, and the
#: announcement as a specification, which gives the same system, in vmdb2/builds.
#: Without a card, those with another kind of network that waits for one: cloud-init with networkd
#: and none here, and Debian's own scripts in vmdb2/builds/test_announcement.py.
IMAGES = {
    "announcement": Expected(boots=(), hostname="pc-vmdb2"),
    "amd64_uefi": Expected(
        boots=((UEFI, CARD),),
        arguments=("--console-login",),
        hostname="debian",
        says=(("systemctl show --property=ConditionResult --value ldconfig", "no"),),
    ),
    "ansible": Expected(
        boots=((UEFI, CARD),),
        arguments=("--console-login", "--title", "Served"),
        hostname="web",
        says=(
            ("systemctl is-enabled nginx", "enabled"),
            ("stat -c %U /srv/site/index.html", "webmaster"),
            (PAGE, "<h1>Served</h1>\n<p>web runs Debian trixie.</p>"),
        ),
    ),
    "hybrid": Expected(
        boots=((BIOS, CARD), (UEFI, NO_CARD)), arguments=("--console-login",), hostname="hybrid"
    ),
    "secure_boot": Expected(boots=(), arguments=("--console-login",), hostname="secure"),
    "ci_worker": Expected(
        boots=(),
        arguments=("--console-login", "--suite", "bookworm", "--arch", "i386"),
        hostname="ci-worker",
    ),
    "cloud": Expected(
        boots=((BIOS, NO_CARD),),
        arguments=("--console-login",),
        hostname="cloud",
        says=(
            ("getent shadow | grep -v '^[^:]*:[!*]' | cut -d: -f1", "root"),
            ("find / -xdev -name authorized_keys -size +0", ""),
        ),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Look:
    """A finished image, and the plan that it was made from. Nothing of it is mounted."""

    image: Path
    layout: Any

    def at(self, number: int) -> dict[str, Any]:
        """The plan's filesystem on a partition, with the partition's start and size."""
        (place,) = [p for p in self.layout["partitions"] if p["number"] == number]
        (filesystem,) = [f for f in self.layout["filesystems"] if f["partition"] == number]
        return {**filesystem, "start": place["start"], "size": place["size"]}

    def kinds(self, kind: str) -> list[dict[str, Any]]:
        found = [self.at(f["partition"]) for f in self.layout["filesystems"]]
        return [f for f in found if f["kind"] == kind]

    def mounts(self) -> dict[str, dict[str, Any]]:
        return {m["path"]: self.at(m["partition"]) for m in self.layout["mounts"]}

    def tool(self, *argv: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
        environment = {"LC_ALL": "C.UTF-8", "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
        return subprocess.run(
            list(map(str, argv)),
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            env={**os.environ, **environment},
            check=False,
        )

    def debugfs(self, request: str) -> str:
        """Ask for something on the root filesystem."""
        place = f"{self.image}?offset={self.mounts()['/']['start']}"
        return self.tool("debugfs", "-R", request, place).stdout

    def read(self, path: str) -> str:
        return self.debugfs(f"cat {path}")

    def owner(self, path: str) -> tuple[int, int, str]:
        """The user, the group and the mode of a file."""
        text = self.debugfs(f"stat {path}")
        mode = re.search(r"Mode: +(\d+)", text)
        ids = re.search(r"User: +(\d+) +Group: +(\d+)", text)
        assert mode, f"there is no {path}"
        assert ids, text
        return int(ids[1]), int(ids[2]), mode[1]

    def names(self, folder: str) -> set[str]:
        """What is in a directory; nothing where there is none."""
        lines = [line.split("/") for line in self.debugfs(f"ls -p {folder}").splitlines()]
        return {fields[5] for fields in lines if len(fields) > 5} - {"", ".", ".."}

    def exists(self, path: str) -> bool:
        folder, _, name = path.rpartition("/")
        return name in self.names(folder or "/")

    def cut(self, filesystem: dict[str, Any], part: Path) -> Path:
        """Copy a partition out of the image; zeros become holes."""
        done = self.tool(
            *("dd", f"if={self.image}", f"of={part}", "bs=1M", "iflag=skip_bytes,count_bytes"),
            *(f"skip={filesystem['start']}", f"count={filesystem['size']}"),
            *("conv=sparse", "status=none"),
        )
        assert done.returncode == 0, done.stderr
        os.truncate(part, filesystem["size"])
        return part

    def data(self) -> Iterator[tuple[int, bytes]]:
        """The blocks of the image that are not all zeros, with their places."""
        zeros = bytes(BLOCK)
        size = self.image.stat().st_size
        file = os.open(self.image, os.O_RDONLY)
        position = 0
        try:
            while position < size:
                block = os.pread(file, BLOCK, position)
                if block != zeros[: len(block)]:
                    yield position, block
                    position += BLOCK
                else:
                    position = _next_data(file, position + BLOCK, size)
        finally:
            os.close(file)

    def checksum(self) -> str:
        """A checksum of the content, which doesn't depend on what of it are holes."""
        sums = hashlib.sha256(str(self.image.stat().st_size).encode())
        for position, block in self.data():
            sums.update(position.to_bytes(8, "big"))
            sums.update(block)
        return sums.hexdigest()


def _next_data(file: int, position: int, size: int) -> int:
    """The block, from `position` on, that has the next byte that is in no hole."""
    try:
        return max(os.lseek(file, position, os.SEEK_DATA) // BLOCK * BLOCK, position)
    except OSError:  # nothing but a hole is left
        return size


@pytest.fixture(scope="session")
def look_at(user: Any) -> Callable[..., Look]:
    """Looks at an image that was built from a recipe with arguments."""

    def look(image: Path, recipe: str, *arguments: str) -> Look:
        source = user.checkout / f"recipes/{recipe}.py"
        vmdsl = user.checkout / ".venv/bin/vmdsl"
        done = user.run(vmdsl, "plan", source, "--json", *arguments)
        assert done.returncode == 0, done.stdout
        layout = json.loads(done.stdout)["layout"]
        if layout["disk"]["size"] is None:  # it is as large as its content needed it to be
            layout["disk"]["size"] = image.stat().st_size
            (growing,) = [p for p in layout["partitions"] if p["size"] is None]
            assert growing is layout["partitions"][-1]
            assert layout["table"]["kind"] == "MBR"
            growing["size"] = layout["disk"]["size"] - growing["start"]
        return Look(image=image, layout=layout)

    return look


@pytest.fixture(scope="session")
def key(run: Run, user: User) -> Path:
    """A key for SSH, which the worker lets in."""
    made = user.home / "key"
    command = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", made)
    run.once("key", lambda: subprocess.run(command, check=True))
    return made


@pytest.fixture(scope="session")
def built(
    image: Callable[..., Path], look_at: Callable[..., Look], key: Path, host_mirror: str
) -> Callable[[str], Look]:
    """Gives the image of a recipe, which lets root in."""

    @functools.cache
    def built(name: str) -> Look:
        arguments = IMAGES[name].arguments
        if name == "ci_worker":
            public_key = key.with_suffix(".pub").read_text("utf-8").strip()
            arguments += ("--mirror", host_mirror, "--ssh-key", public_key)
        return look_at(image(name, *arguments), name, *arguments)

    return built


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests with `name` run for each image; those with `card` for each way to boot it, too."""
    if "card" in metafunc.fixturenames:
        ways = [(name, *way) for name, expected in IMAGES.items() for way in expected.boots]
        metafunc.parametrize(("name", "firmware", "card"), ways)
    elif "name" in metafunc.fixturenames:
        metafunc.parametrize("name", IMAGES)


@pytest.fixture(scope="session")
def promised() -> Mapping[str, Expected]:
    return IMAGES


@pytest.fixture(scope="session")
def of_boards() -> Collection[str]:
    return OF_BOARDS
