"""Chooses KVM only if it works, which its device file doesn't show.

In a container or a virtual machine, /dev/kvm may be readable and yet hang or crash every guest.
So a small guest is booted with it, once per boot of this machine.
"""

from __future__ import annotations

import grp
import os
import platform
import pwd
import subprocess
from contextlib import suppress
from pathlib import Path

from vmdsl import programs
from vmdsl.boot.machine import Accel, bound, qemu_of
from vmdsl.boot.probes import PROBES, SIGN
from vmdsl.emulation import is_native
from vmdsl.errors import Problem
from vmdsl.host.facts import Result
from vmdsl.machines import Arch, arch_of

_SECONDS = 5.0
_WORKS = "works"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def choose(answers: Path, arch: Arch = Arch.AMD64) -> Accel:
    """Return KVM if it works, and TCG otherwise; arguments as for `kvm_problem`."""
    return Accel.TCG if kvm_problem(answers, arch=arch) else Accel.KVM


def kvm_problem(answers: Path, device: Path = Path("/dev/kvm"), *, arch: Arch = Arch.AMD64) -> str:
    """Return a sentence that says why KVM can't be used for an architecture, or "" if it can.

    The first call after a boot keeps its answer in the directory `answers`, as its only file.
    """
    if not is_native(arch):
        return f"This machine is {platform.machine()}, and the image is for {arch}."
    own, program = _own_arch(), qemu_of(arch).program
    if own not in PROBES or qemu_of(own).program != program:
        return f"KVM is not used for {arch} on this machine ({platform.machine()})."
    if not device.exists():
        return f"{device} does not exist."
    if not os.access(device, os.R_OK | os.W_OK):
        return f"This user may not use {device}."
    if programs.find(program) is None:
        return f"{program} is missing."
    answer = answers / _BOOT_ID.read_text(encoding="ascii").strip()
    try:
        said = answer.read_text(encoding="utf-8").strip()
    except OSError:
        said = _try_kvm(own) or _WORKS
        _keep(answer, said)
    return "" if said == _WORKS else said


def check_kvm(answers: Path, device: Path = Path("/dev/kvm")) -> Result:
    """Report why images boot slowly here, and what to do about it; `answers` as above."""
    own = _own_arch()
    if own not in PROBES or programs.find(qemu_of(own).program) is None:
        return Result(name="KVM", detail="not tried", fatal=False)
    slow = kvm_problem(answers, device, arch=own)
    if not slow:
        return Result(name="KVM", detail="guests run with it", fatal=False)
    what = f"Images boot here, but slowly: without KVM, QEMU translates their code. {slow}"
    return Result(
        name="KVM", problem=Problem(what=what, hint=_remedy(device), code="kvm"), fatal=False
    )


def _remedy(device: Path) -> str:
    if not device.exists():
        return (
            "Switch virtualization on in this machine's firmware or, if it is a virtual machine, "
            f"nested virtualization in its host. In a container: docker run --device {device}"
        )
    if os.access(device, os.R_OK | os.W_OK):
        return "In a virtual machine, nested virtualization may be missing or broken in its host."
    about = device.stat()
    if about.st_gid == 0 or (about.st_mode & 0o060) != 0o060:  # noqa: PLR2004 (read and write)
        return f"As root: chgrp kvm {device}; chmod g+rw {device}; usermod -aG kvm {_user()}"
    try:
        group = grp.getgrgid(about.st_gid).gr_name
    except KeyError:
        return f"In a container: run it with the group {about.st_gid}, as --group-add does"
    return f"As root: usermod -aG {group} {_user()}; then log in again"


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return "USER"


def probe_argv(accel: Accel, arch: Arch, file: str) -> tuple[str, ...]:
    """Return the command line of QEMU that starts an architecture's probe from a file."""
    cpu = "host" if accel is Accel.KVM else "max"
    return (
        *(qemu_of(arch).program, "-nodefaults", "-accel", accel.value, "-cpu", cpu, "-m", "16M"),
        *(option.format(file) for option in PROBES[arch].options),
        *("-display", "none", "-serial", "stdio", "-monitor", "none", "-no-reboot"),
    )


def _own_arch() -> Arch | None:
    return arch_of(platform.machine())


def _try_kvm(arch: Arch) -> str:
    try:
        done = try_accel(Accel.KVM, arch)
    except subprocess.TimeoutExpired:
        return f"A guest with KVM hangs ({_SECONDS:g} seconds)."
    if done.code == PROBES[arch].exit_code and SIGN.decode() in done.output:
        return ""
    last = done.output.strip().splitlines()[-1:] or [f"exit code {done.code}"]
    return f"A guest with KVM fails: {last[0]}"


def try_accel(accel: Accel, arch: Arch) -> programs.Finished:
    """Start an architecture's probe from a memfd, and return QEMU's output and exit code."""
    guest = os.memfd_create("probe")
    try:
        os.write(guest, PROBES[arch].guest)
        argv = probe_argv(accel, arch, f"/dev/fd/{guest}")
        env = programs.environment({"LC_ALL": "C"})
        return programs.run(bound(argv), env=env, pass_fds=(guest,), timeout=_SECONDS)
    finally:
        os.close(guest)


def _keep(answer: Path, said: str) -> None:
    # Without a cache the next call boots the probe again.
    with suppress(OSError):
        answer.parent.mkdir(parents=True, exist_ok=True)
        for old in answer.parent.iterdir():
            old.unlink()
        answer.write_text(f"{said}\n", encoding="utf-8")
