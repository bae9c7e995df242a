"""The choice between KVM and TCG."""

import grp
import os
import platform
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from vmdsl import programs
from vmdsl.boot import accel
from vmdsl.boot.machine import Accel
from vmdsl.boot.probes import PROBES
from vmdsl.machines import Arch


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A device file that may be used on a PC, and a QEMU."""
    monkeypatch.setattr(programs, "find", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    file = tmp_path / "device"
    file.touch()
    return file


def answer(monkeypatch: pytest.MonkeyPatch, code: int, output: str) -> list[tuple[str, ...]]:
    calls: list[tuple[str, ...]] = []

    def run(argv: tuple[str, ...], **_: Any) -> programs.Finished:
        calls.append(argv)
        return programs.Finished(argv=argv, code=code, output=output)

    monkeypatch.setattr(programs, "run", run)
    return calls


def test_a_guest_that_runs(device: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = answer(monkeypatch, 33, "vmdsl ok\0")
    assert accel.kvm_problem(tmp_path / "cache", device) == ""
    assert "/dev/fd/" in " ".join(calls[0])
    assert accel.kvm_problem(tmp_path / "cache", device) == ""
    assert len(calls) == 1


@pytest.mark.parametrize(("code", "output"), [(33, ""), (0, "vmdsl ok\0"), (-6, "SIGN\nAborted")])
def test_a_guest_that_fails(
    device: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, output: str
) -> None:
    calls = answer(monkeypatch, code, output)
    first = accel.kvm_problem(tmp_path / "cache", device)
    assert "fails" in first
    assert accel.kvm_problem(tmp_path / "cache", device) == first
    assert len(calls) == 1


def test_a_guest_that_hangs(device: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(argv: tuple[str, ...], **_: Any) -> None:
        raise subprocess.TimeoutExpired(argv, 5)

    monkeypatch.setattr(programs, "run", hang)
    assert "hangs" in accel.kvm_problem(tmp_path / "cache", device)


def test_an_earlier_boots_answer_goes(
    device: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "cache" / "old"
    old.parent.mkdir(parents=True)
    old.write_text("works\n")
    answer(monkeypatch, 1, "no")
    assert accel.kvm_problem(tmp_path / "cache", device) != ""
    assert not old.exists()


def test_without_the_device(tmp_path: Path) -> None:
    assert "does not exist" in accel.kvm_problem(tmp_path / "cache", tmp_path / "kvm")
    assert not (tmp_path / "cache").exists()


def test_another_architecture_is_translated(device: Path, tmp_path: Path) -> None:
    said = accel.kvm_problem(tmp_path / "cache", device, arch=Arch.ARM64)
    assert said == "This machine is x86_64, and the image is for arm64."


@pytest.mark.parametrize(
    ("machine", "arch", "said"),
    [
        ("x86_64", Arch.I386, ""),
        ("aarch64", Arch.ARM64, ""),
        ("aarch64", Arch.ARMHF, "KVM is not used for armhf on this machine (aarch64)."),
        ("aarch64", Arch.AMD64, "This machine is aarch64, and the image is for amd64."),
        ("ppc64le", Arch.PPC64EL, "KVM is not used for ppc64el on this machine (ppc64le)."),
    ],
)
def test_the_machines_own_images(
    device: Path, monkeypatch: pytest.MonkeyPatch, machine: str, arch: Arch, said: str
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    calls = answer(monkeypatch, 33 if machine == "x86_64" else 0, "vmdsl ok\0")
    cache = device.parent / "cache"
    assert accel.kvm_problem(cache, device, arch=arch) == said
    assert len(calls) == (0 if said else 1)
    assert accel.check_kvm(cache, device).problem is None


@pytest.mark.parametrize(("problem", "choice"), [("", Accel.KVM), ("No.", Accel.TCG)])
def test_choice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: str, choice: Accel
) -> None:
    monkeypatch.setattr(accel, "kvm_problem", lambda *_, **__: problem)
    assert accel.choose(tmp_path) is choice


def test_the_disk() -> None:
    """Addresses in the code are where the data is."""
    disk = PROBES[Arch.AMD64].guest
    assert len(disk) == 2**20
    assert disk[510:512] == b"\x55\xaa"
    assert disk[0xE0:0xE9] == b"vmdsl ok\0"
    assert disk[0xC8:0xD0] == bytes(8)
    assert disk[0xB4:0xB6] == bytes.fromhex("ffc3")
    assert not any(disk[512:])


def test_doctor_says_how_to_get_it(
    device: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hint(path: Path = device) -> str:
        result = accel.check_kvm(tmp_path / "cache", path)
        assert not result.fatal
        return result.problem.hint if result.problem else result.detail

    assert "nested virtualization in its host" in hint(tmp_path / "missing")
    device.chmod(0o600)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert hint().startswith(f"As root: chgrp kvm {device}; chmod g+rw")
    device.chmod(0o660)
    monkeypatch.setattr(Path, "stat", lambda _: SimpleNamespace(st_gid=9, st_mode=0o020660))
    monkeypatch.setattr(Path, "exists", lambda _: True)
    monkeypatch.setattr(grp, "getgrgid", lambda _: SimpleNamespace(gr_name="kvm"))
    assert hint().startswith("As root: usermod -aG kvm ")
    monkeypatch.setattr(accel, "kvm_problem", lambda *_, **__: "")
    assert hint() == "guests run with it"
    monkeypatch.setattr(programs, "find", lambda _: None)
    assert hint() == "not tried"
