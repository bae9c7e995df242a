"""What the library's functions make of a system, and what they say where they can't."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.integration

RECIPE = "tests/integration/recipes/library.py"
SENTENCE = "correct horse: battery $taple"
KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHVVTgQ1Vn3SOZc0Y2xhc3NpY2FsLWtleS1mb3ItdGVzdHM ann@laptop"
)
START = 2**20


def build(who: Any, base: Any, folder: Path, *flags: str) -> tuple[int, str, Path]:
    image = folder / "library.img"
    arguments = ("--output", image, "--tarball", base.tarball, "--ssh-key", KEY, *flags)
    done = who.run(
        *("env", f"BOB={SENTENCE}", who.checkout / ".venv/bin/vmdsl", "build"),
        *(who.checkout / RECIPE, *arguments),
        timeout=1200,
    )
    return done.returncode, done.stdout, image


@pytest.fixture(scope="module")
def image(user: Any, base: Any) -> Path:
    code, said, made = build(user, base, user.folder("library"))
    assert code == 0, said
    return made


class Look:
    """The ext4 filesystem of an image."""

    def __init__(self, image: Path) -> None:
        self._place = f"{image}?offset={START}"

    def ask(self, request: str) -> str:
        return subprocess.run(
            ["/sbin/debugfs", "-R", request, self._place],
            capture_output=True,
            text=True,
            check=False,
        ).stdout

    def read(self, path: str) -> str:
        return self.ask(f"cat {path}")

    def names(self, folder: str) -> set[str]:
        lines = [line.split("/") for line in self.ask(f"ls -p {folder}").splitlines()]
        return {fields[5] for fields in lines if len(fields) > 5} - {"", ".", ".."}

    def link(self, path: str) -> str:
        found = re.search(r'Fast link dest: "(.*)"', self.ask(f"stat {path}"))
        return found[1] if found else ""

    def about(self, path: str) -> str:
        found = re.search(
            r"Mode: +0?(\d+).*?User: +(\d+) +Group: +(\d+)", self.ask(f"stat {path}"), re.DOTALL
        )
        return " ".join(found.groups()) if found else ""


@pytest.fixture
def look(image: Path) -> Look:
    return Look(image)


def test_the_machine(look: Look) -> None:
    assert look.read("/etc/hostname") == "library\n"
    assert "127.0.1.1 library.example.org library\n" in look.read("/etc/hosts")
    assert look.read("/etc/default/locale") == "LANG=fi_FI.UTF-8\n"
    assert "locale-archive" in look.names("/usr/lib/locale")
    assert look.link("/etc/localtime") == "/usr/share/zoneinfo/Europe/Helsinki"
    assert look.read("/etc/timezone") == "Europe/Helsinki\n"
    assert 'XKBLAYOUT="fi"' in look.read("/etc/default/keyboard")
    assert look.link("/etc/resolv.conf").endswith("run/systemd/resolve/stub-resolv.conf")


def test_users(look: Look) -> None:
    passwd = dict(line.split(":", 1) for line in look.read("/etc/passwd").splitlines())
    assert passwd["ann"] == "x:1000:1000::/home/ann:/bin/bash"
    assert passwd["bob"] == "x:1500:1500::/home/bob:/bin/sh"
    groups = {line.split(":")[0]: line.split(":")[3] for line in look.read("/etc/group").split()}
    assert groups["adm"] == groups["users"] == "ann"
    assert look.about("/home/ann/.ssh") == "700 1000 1000"
    assert look.about("/home/ann/.ssh/authorized_keys") == "600 1000 1000"
    assert look.read("/home/ann/.ssh/authorized_keys") == f"# Ann's\n{KEY}\n"
    assert look.read("/etc/sudoers.d/ann") == "ann ALL=(ALL:ALL) NOPASSWD: ALL\n"
    assert look.read("/etc/sudoers.d/bob") == "bob ALL=(ALL:ALL) ALL\n"
    assert look.about("/etc/sudoers.d/bob") == "440 0 0"


def test_passwords(look: Look) -> None:
    shadow = {
        line.split(":")[0]: line.split(":")[1] for line in look.read("/etc/shadow").splitlines()
    }
    assert shadow["ann"] == "!"
    assert shadow["root"].startswith("!$y$")
    salts = set()
    for hashed in (shadow["bob"], shadow["root"][1:]):
        script = "print crypt($ARGV[0], $ARGV[1])"
        again = subprocess.run(
            ["perl", "-e", script, SENTENCE, hashed], capture_output=True, text=True, check=True
        )
        assert again.stdout == hashed
        salts.add(hashed.split("$")[3])
    assert len(salts) == 2


def test_units(look: Look) -> None:
    folder = "/etc/systemd/system"
    assert "apt-daily.timer" not in look.names(f"{folder}/timers.target.wants")
    assert "apt-daily-upgrade.timer" in look.names(f"{folder}/timers.target.wants")
    assert "serial-getty@ttyS1.service" in look.names(f"{folder}/getty.target.wants")
    assert look.link(f"{folder}/cron.service") == "/dev/null"
    assert "grow-root.service" in look.names(f"{folder}/sysinit.target.wants")
    assert look.about("/usr/local/sbin/grow-root") == "755 0 0"
    assert "systemd-networkd.service" in look.names(f"{folder}/multi-user.target.wants")


def test_ssh(look: Look) -> None:
    assert not [name for name in look.names("/etc/ssh") if name.startswith("ssh_host_")]
    wanted = look.names("/etc/systemd/system/ssh.service.requires")
    assert "ssh-host-keys.service" in wanted
    rules = look.read("/etc/ssh/sshd_config.d/10-server.conf")
    assert "PasswordAuthentication no\n" in rules
    assert "PermitRootLogin prohibit-password\n" in rules


def test_tidied(look: Look) -> None:
    for folder in ("/root", "/home/ann"):
        assert ".bash_history" not in look.names(folder)
    assert "own.log" not in look.names("/var/log")
    assert {"passwd-", "shadow-", "group-", "gshadow-"}.isdisjoint(look.names("/etc"))
    assert look.names("/usr/share/man") == set()
    assert "copyright" in look.names("/usr/share/doc/bash")
    assert not [n for n in look.names("/usr/share/doc/bash") if n != "copyright"]
    assert "de" not in look.names("/usr/share/locale")


@pytest.mark.parametrize(
    ("flag", "step", "what"),
    [
        ("--missing-unit", "unit", "the system has no unit corn.service"),
        ("--missing-zone", "zone", "tzdata has no zone Europe/Atlantis"),
        ("--early", "too_early", "the system has no /sbin/sfdisk: install the package fdisk first"),
    ],
)
def test_what_is_not_there(user: Any, base: Any, flag: str, step: str, what: str) -> None:
    code, said, image = build(user, base, user.folder("library"), flag)
    assert code == 5, said
    assert f"step {step}: " in said
    assert what in said
    assert not image.exists()
