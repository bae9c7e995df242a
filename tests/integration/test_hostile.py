"""Trees that lead elsewhere: no file of this machine is changed, or read into the image.

Programs of the tree may do what their user may do, so scripts are no part of this.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.integration

HOSTILE = Path(__file__).parent / "hostile"
CANARY = "what nobody is to read"


class Outside:
    """A directory that is not to be touched, beside a recipe and what it copies."""

    def __init__(self, user: Any, recipe: str) -> None:
        self.user = user
        self.folder: Path = user.folder("hostile")
        self.path = self.folder / "outside"
        for name, text in (
            ("outside/canary", CANARY),
            ("outside/passwd", f"owner:x:9:9:{CANARY}::\nroot:x:0:0:::\n"),
            ("outside/resolv.conf", CANARY),
            ("outside/below/canary", CANARY),
            ("source/file", "copied\n"),
            ("source/place/file/below", "copied\n"),
            (recipe, (HOSTILE / recipe).read_text("utf-8")),
        ):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text, encoding="utf-8")
        subprocess.run(["chown", "-R", f"{user.name}:", self.folder], check=True)
        self.recipe = self.folder / recipe
        self.image = self.folder / "h.img"

    def build(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        done: subprocess.CompletedProcess[str] = self.user.build(
            self.recipe, "--output", self.image, *arguments
        )
        assert "Traceback" not in done.stdout
        return done

    def seen(self) -> dict[str, tuple[int, int, int, str]]:
        found = {}
        for path in sorted(self.path.rglob("*")):
            about = path.lstat()
            content = path.read_text() if path.is_file() else ""
            found[str(path)] = (about.st_mode, about.st_uid, about.st_mtime_ns, content)
        return found

    def is_in_image(self, text: str) -> bool:
        done = subprocess.run(["grep", "-qaF", text, self.image], check=False)
        return done.returncode == 0


@pytest.fixture(params=["user", "root_user"])
def someone(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def test_no_deed_leaves_the_tree(someone: Any) -> None:
    """Every way to lead elsewhere, with all that the tree's methods and file operations do."""
    outside = Outside(someone, "matrix.py")
    before = outside.seen()
    done = outside.build("--outside", outside.path)
    assert done.returncode == 0, done.stdout
    assert outside.seen() == before
    assert not outside.is_in_image(CANARY)
    place = f"{outside.image}?offset={2**20}"
    shown = subprocess.run(
        ["/sbin/debugfs", "-R", "cat /results", place], check=True, capture_output=True, text=True
    )
    results = json.loads(shown.stdout)
    assert len(results) > 500
    bad = [
        (way, deed, said)
        for way, deed, said in results
        if said == "CHANGED"
        or CANARY in said
        or said.startswith(("TimeoutError", "RuntimeError", "AttributeError"))
        or "\n" in said
    ]
    assert bad == []
    fine = {deed for way, deed, said in results if way == "nothing" and said == "done"}
    assert {"create /place/owned", "write /etc/fstab"} <= fine


#: What makes a system hostile, and what is said of it where that ends the build.
SYSTEMS = {
    "etc": ("mv /etc /away; ln -s {out} /etc", "has no user daemon"),
    "etc by dots": ("mv /etc /away; ln -s ../../../../../../../..{out} /etc", "has no user daemon"),
    "passwd": ("ln -sf {out}/passwd /etc/passwd; ln -sf {out}/passwd /etc/group", "has no user"),
    "resolver": ("rm /etc/resolv.conf; ln -s {out}/resolv.conf /etc/resolv.conf", ""),
    "resolver is a directory": ("rm /etc/resolv.conf; mkdir /etc/resolv.conf", ""),
    "resolver is a pipe": ("rm /etc/resolv.conf; mkfifo /etc/resolv.conf", ""),
    "machine-id is a pipe": ("rm -f /etc/machine-id; mkfifo /etc/machine-id", ""),
    "hostname is a pipe": ("rm -f /etc/hostname; mkfifo /etc/hostname", ""),
    "temporary": ("rm -rf /var/tmp; ln -s {out} /var/tmp", "/var/tmp is in the way"),
    "mount point": ("rm -rf /srv; ln -s {out} /srv", "/srv is in the way"),
    "mount point of a process": ("rm -rf /srv; ln -s /proc/1/root{out} /srv", "/srv"),
    "mount point in a circle": ("rm -rf /srv; ln -s /srv /srv", "/srv"),
    "loader": ("ln -s {out}/canary /boot/loader", "/boot/loader"),
    "loader is a pipe": ("mkfifo /boot/loader", "/boot/loader is not a plain file"),
    "loader is a directory": ("mkdir /boot/loader", "/boot/loader"),
    "sbin": ("ln -sfn {out} /usr/lib/there; mv /usr/sbin /x; ln -s lib/there /usr/sbin", ""),
    "devices": ("cd /; umount -l /dev; rmdir /dev; ln -s {out} /dev", ""),
    "processes": ("cd /; umount -l /proc; rmdir /proc; ln -s {out} /proc", ""),
    "memory": (
        "cd /; umount -l /run; rm -r /run /tmp; ln -s {out} /run; ln -s {out} /tmp",
        "",
    ),
    "kernel": ("cd /; umount -l /sys; rmdir /sys; ln -s ../../../../..{out} /sys", ""),
}


@pytest.mark.parametrize("way", SYSTEMS)
def test_no_system_leads_out(user: Any, base: Any, way: str) -> None:
    check(user, base, way)


@pytest.mark.parametrize("way", ["etc", "mount point of a process", "memory", "resolver"])
def test_root_is_not_led_out_either(root_user: Any, base: Any, way: str) -> None:
    check(root_user, base, way)


def check(someone: Any, base: Any, way: str) -> None:
    outside = Outside(someone, "system.py")
    before = outside.seen()
    script, said = SYSTEMS[way]
    plain = "" if "/boot/loader" in script else "; echo loader > /boot/loader"
    done = outside.build(
        *("--tarball", base.tarball, "--keep", outside.folder / "kept.tar"),
        *("--script", script.format(out=outside.path) + plain),
    )
    assert outside.seen() == before
    if said:
        assert done.returncode == 5, done.stdout
        assert said in done.stdout
        assert not outside.image.exists()
    else:
        assert done.returncode == 0, done.stdout
        assert not outside.is_in_image(CANARY)
        assert CANARY not in done.stdout
