"""Machines that are reached over the network alone, and that nobody else can log in to."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from vmdsl.boot.accel import choose
from vmdsl.boot.console import Console
from vmdsl.boot.machine import Firmware, Machine
from vmdsl.boot.running import running

pytestmark = pytest.mark.integration

MINUTES = 60
MORE = 2 * 2**30
BANNER = b"SSH-2.0-"


@dataclass(frozen=True, kw_only=True)
class Ssh:
    """A way into a machine, at a port of this one, with a key that was made for it."""

    key: Path
    port: int

    @property
    def public_key(self) -> str:
        return self.key.with_suffix(".pub").read_text("utf-8").strip()

    def run(self, user: str, command: str) -> subprocess.CompletedProcess[str]:
        options = {
            "BatchMode": "yes",
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
            "LogLevel": "ERROR",
            "ConnectTimeout": "60",
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return subprocess.run(
            ["ssh", "-i", self.key, "-p", str(self.port), *words, f"{user}@127.0.0.1", command],
            capture_output=True,
            text=True,
            timeout=5 * MINUTES,
            check=False,
        )

    def said(self, user: str, command: str) -> str:
        done = self.run(user, command)
        assert done.returncode == 0, done
        return done.stdout.strip()

    def wait(self, console: Console, timeout: float) -> None:
        """Wait until the server answers; what the console says meanwhile is read."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            console.listen(seconds=2)
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
                    connection.settimeout(20)
                    if connection.recv(len(BANNER)) == BANNER:
                        return
            except OSError:
                pass
        pytest.fail(f"nothing answered at port 22:\n{console.transcript}")


@pytest.fixture
def ssh(tmp_path: Path) -> Ssh:
    key = tmp_path / "key"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", key], check=True
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return Ssh(key=key, port=free.getsockname()[1])


@pytest.fixture(scope="module")
def cloud(image: Callable[..., Path]) -> Path:
    """The image as a cloud gets it: with no way in."""
    return image("cloud")


def larger(image: Path, copy: Path) -> Path:
    """A copy of an image, as on a larger disk."""
    subprocess.run(["cp", "--sparse=always", image, copy], check=True)
    os.truncate(copy, image.stat().st_size + MORE)
    return copy


def make_seed(file: Path, key: str) -> Path:
    """A disk that tells cloud-init who may log in."""
    with file.open("wb") as stream:
        stream.truncate(2**20)
    subprocess.run(["mkfs.vfat", "-n", "CIDATA", file], check=True, capture_output=True)
    for name, text in {
        "meta-data": "instance-id: first\nlocal-hostname: seeded\n",
        "user-data": f"#cloud-config\nssh_authorized_keys:\n  - {key}\n",
    }.items():
        subprocess.run(["mcopy", "-i", file, "-", f"::{name}"], input=text.encode(), check=True)
    return file


def test_no_password_lets_root_in(cloud: Path, look_at: Callable[..., Any]) -> None:
    shadow = look_at(cloud, "cloud").read("/etc/shadow")
    (root,) = re.findall(r"^root:([^:]*):", shadow, re.MULTILINE)
    assert root in {"*", "!"}


def test_a_cloud_gives_the_key(cloud: Path, user: Any, ssh: Ssh, tmp_path: Path) -> None:
    machine = Machine(
        image=larger(cloud, tmp_path / "cloud.img"),
        firmware=Firmware.UEFI,
        ssh_port=ssh.port,
        disks=(make_seed(tmp_path / "seed.img", ssh.public_key),),
        accel=choose(user.home / "accel"),
    )
    with running(machine) as console:
        console.wait_for(r"Cloud-init v\. .* finished at", timeout=15 * MINUTES)
        ssh.wait(console, timeout=5 * MINUTES)
        assert "status: done" in ssh.said("debian", "cloud-init status --wait")
        assert ssh.said("debian", "systemctl is-system-running --wait") == "running"
        assert ssh.said("debian", "hostname") == "seeded"
        assert ssh.said("debian", "sudo --non-interactive id --user") == "0"
        size = int(ssh.said("debian", "findmnt --bytes --noheadings --output SIZE /"))
        assert size > cloud.stat().st_size + MORE * 0.8
        ssh.said("debian", "sudo sfdisk --verify /dev/vda")
        for name in ("root", "debian"):
            assert re.match(r"\S+ L", ssh.said("debian", f"sudo passwd --status {name}"))
        assert "uid=0" not in ssh.run("root", "id").stdout
        ssh.run("debian", "sudo poweroff")
        console.wait_closed(timeout=5 * MINUTES)


def test_without_a_cloud_nobody_gets_in(cloud: Path, user: Any, ssh: Ssh) -> None:
    machine = Machine(
        image=cloud,
        firmware=Firmware.BIOS,
        ssh_port=ssh.port,
        accel=choose(user.home / "accel"),
    )
    with running(machine) as console:
        console.wait_for("login: ", timeout=15 * MINUTES)
        for name, password in {"root": "root", "debian": "debian"}.items():
            console.send(f"{name}\n")
            console.wait_for("assword: ", timeout=2 * MINUTES)
            console.send(f"{password}\n")
            console.wait_for("Login incorrect(?s:.*)login: ", timeout=2 * MINUTES)
        ssh.wait(console, timeout=5 * MINUTES)
        for name in ("root", "debian"):
            assert "Permission denied (publickey)" in ssh.run(name, "id").stderr
        console.listen(seconds=2)
        assert "FAILED" not in console.transcript


def test_a_worker_of_i386_lets_its_key_in(
    image: Callable[..., Path], user: Any, ssh: Ssh, host_mirror: str, tmp_path: Path
) -> None:
    worker = image(
        "ci_worker",
        *("--suite", "bookworm", "--arch", "i386", "--mirror", host_mirror),
        *("--ssh-key", ssh.public_key),
    )
    machine = Machine(
        image=larger(worker, tmp_path / "worker.img"),
        firmware=Firmware.BIOS,
        ssh_port=ssh.port,
        accel=choose(user.home / "accel"),
    )
    with running(machine) as console:
        console.wait_for("login: ", timeout=15 * MINUTES)
        ssh.wait(console, timeout=5 * MINUTES)
        assert ssh.said("worker", "systemctl is-system-running --wait") == "running"
        assert ssh.said("worker", "uname --machine") == "i686"
        assert ssh.said("worker", "dpkg --print-architecture") == "i386"
        assert ssh.said("worker", "sudo --non-interactive id --user") == "0"
        size = int(ssh.said("worker", "findmnt --bytes --noheadings --output SIZE /"))
        assert size > worker.stat().st_size + MORE * 0.8
        assert ssh.said("worker", "getent hosts ci-worker").startswith("127.0.1.1")
        assert "Permission denied (publickey)" in ssh.run("root", "id").stderr
        ssh.run("worker", "sudo poweroff")
        console.wait_closed(timeout=5 * MINUTES)
