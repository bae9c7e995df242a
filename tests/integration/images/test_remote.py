"""Machines that are reached over the network alone, and that nobody else can log in to."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from guests import QUICK_START, let_start_quickly
from vmdsl.boot.console import Console
from vmdsl.boot.machine import Firmware, Machine
from vmdsl.boot.running import running
from vmdsl.machines import Arch

pytestmark = pytest.mark.integration

MINUTES = 60
MORE = 2 * 2**30
BANNER = b"SSH-2.0-"
END = "-- end of an answer --"


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
            "KexAlgorithms": "curve25519-sha256",  # translated code takes long for others
            "HostKeyAlgorithms": "ssh-ed25519",
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return subprocess.run(
            ["ssh", "-i", self.key, "-p", str(self.port), *words, f"{user}@127.0.0.1", command],
            capture_output=True,
            text=True,
            timeout=5 * MINUTES,
            check=False,
        )

    def said(self, user: str, *commands: str) -> list[str]:
        """What each command printed, over one connection; all must succeed."""
        done = self.run(user, "\n".join(f"{command} || exit 1; echo {END}" for command in commands))
        assert done.returncode == 0, done
        return [text.strip() for text in done.stdout.split(f"{END}\n")[:-1]]

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
def ssh(key: Path) -> Ssh:
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


def test_a_cloud_gives_the_key(
    cloud: Path, accel_of: Callable[..., Any], ssh: Ssh, tmp_path: Path
) -> None:
    machine = Machine(
        image=larger(cloud, tmp_path / "cloud.img"),
        firmware=Firmware.UEFI,
        ssh_port=ssh.port,
        disks=(make_seed(tmp_path / "seed.img", ssh.public_key),),
        credentials=QUICK_START,
        accel=accel_of(),
    )
    with running(machine) as console:
        console.wait_for(r"Cloud-init v\. .* finished at", timeout=15 * MINUTES)
        ssh.wait(console, timeout=5 * MINUTES)
        status, state, hostname, number, size, _, *locked = ssh.said(
            "debian",
            "cloud-init status --wait",
            "systemctl is-system-running --wait",
            "hostname",
            "sudo --non-interactive id --user",
            "findmnt --bytes --noheadings --output SIZE /",
            "sudo sfdisk --verify /dev/vda",
            *(f"sudo passwd --status {name}" for name in ("root", "debian")),
        )
        assert "status: done" in status
        assert (state, hostname, number) == ("running", "seeded", "0")
        assert int(size) > cloud.stat().st_size + MORE * 0.8
        assert all(re.match(r"\S+ L", said) for said in locked)
        assert "uid=0" not in ssh.run("root", "id").stdout
        check_nobody_else_gets_in(console, ssh, tmp_path)


def check_nobody_else_gets_in(console: Console, ssh: Ssh, folder: Path) -> None:
    console.send("\n")
    console.wait_for("login: ", timeout=2 * MINUTES)
    for name, password in {"root": "root", "debian": "debian"}.items():
        console.send(f"{name}\n")
        console.wait_for("assword: ", timeout=2 * MINUTES)
        console.send(f"{password}\n")
        console.wait_for("Login incorrect(?s:.*)login: ", timeout=2 * MINUTES)
    other = folder / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other], check=True)
    for name in ("root", "debian"):
        said = replace(ssh, key=other).run(name, "id").stderr
        assert "Permission denied (publickey)" in said


def test_a_worker_of_i386_lets_its_key_in(
    built: Callable[[str], Any], accel_of: Callable[..., Any], ssh: Ssh, tmp_path: Path
) -> None:
    worker = built("ci_worker").image
    image = larger(worker, tmp_path / "worker.img")
    let_start_quickly(image)
    machine = Machine(
        image=image,
        firmware=Firmware.BIOS,
        arch=Arch.I386,
        ssh_port=ssh.port,
        accel=accel_of(),
    )
    with running(machine) as console:
        console.wait_for("login: ", timeout=15 * MINUTES)
        ssh.wait(console, timeout=5 * MINUTES)
        state, processor, arch, number, size, host = ssh.said(
            "worker",
            "systemctl is-system-running --wait",
            "uname --machine",
            "dpkg --print-architecture",
            "sudo --non-interactive id --user",
            "findmnt --bytes --noheadings --output SIZE /",
            "getent hosts ci-worker",
        )
        assert (state, processor, arch, number) == ("running", "i686", "i386", "0")
        assert int(size) > worker.stat().st_size + MORE * 0.8
        assert host.startswith("127.0.1.1")
        assert "Permission denied (publickey)" in ssh.run("root", "id").stderr
