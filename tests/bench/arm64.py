"""What an image for arm64 takes on another machine, beside mmdebstrap alone and beside vmdb2."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from bench.costs import CPU, Costs
from bench.sides import Vmdb2, Vmdsl, timed
from bench.table import Row
from users import REPOSITORY
from vmdsl.emulation import RULES, emulator_of, rule_for
from vmdsl.machines import Arch

ROWS = tuple(
    Row(what=f"arm64, cold{unit}", ours=f"vmdsl{unit}", theirs=f"{theirs}{unit}", most=most)
    for unit in ("", CPU)
    for theirs, most in (("mmdebstrap alone", 1.0), ("vmdb2", 0.33))
)
_SPEC = "tests/bench/arm64.vmdb"
#: The processor that QEMU is, for all sides: with the one that it chooses, all take much longer.
_ENVIRONMENT = {"QEMU_CPU": "neoverse-n1"}
#: Runs in a sandbox: sets up the emulation as vmdsl does, and becomes the command.
_EMULATED = """\
import os, sys
from pathlib import Path
from vmdsl.emulation import enable
from vmdsl.machines import Arch
found = enable(Arch.ARM64, Path(sys.argv[1]))
assert not found, found
os.execvp(sys.argv[2], sys.argv[2:])
"""
_SANDBOX = (
    *("unshare", "--user", "--map-auto", "--map-root-user", "--mount", "--pid", "--fork"),
    "--mount-proc",
)


def measure(vmdsl: Vmdsl, vmdb2: Vmdb2, runs: int, costs: Costs) -> None:
    """Measure each side `runs` times, in turn: the time that passes, and the processor's."""
    for _ in range(runs):
        costs.note("vmdsl", lambda: _vmdsl(vmdsl, vmdb2.mirror))
        costs.note("mmdebstrap alone", lambda: _mmdebstrap(vmdsl, vmdb2.mirror))
        with _rule_of_the_machine(Arch.ARM64):
            costs.note("vmdb2", lambda: vmdb2.build(REPOSITORY / _SPEC, env=_ENVIRONMENT))


def _vmdsl(vmdsl: Vmdsl, mirror: str) -> float:
    vmdsl.forget()
    image = vmdsl.folder / "arm64.img"
    image.unlink(missing_ok=True)
    options = ("--output", image, "--variable", f"mirror={mirror}", "--cache-dir", vmdsl.cache)
    argv = vmdsl.user.vmdsl("build", vmdsl.user.checkout / _SPEC, *options)
    return timed(argv, cwd=vmdsl.folder)


def _mmdebstrap(vmdsl: Vmdsl, mirror: str) -> float:
    """Make the same system by mmdebstrap as vmdsl's user, in a directory."""
    python, place = vmdsl.user.checkout / ".venv/bin/python", vmdsl.user.folder("try")
    words = ("--mode=root", "--architectures=arm64", "--variant=important", "--skip=check/qemu")
    more = ("--dpkgopt=force-unsafe-io", "--include=linux-image-cloud-arm64", "--format=directory")
    system = vmdsl.user.folder("alone")
    command = ("mmdebstrap", *words, *more, "bookworm", system, mirror)
    argv = vmdsl.user.argv(*_SANDBOX, python, "-c", _EMULATED, place, *command)
    try:
        return timed(argv, cwd=vmdsl.folder, env=_ENVIRONMENT)
    finally:
        shutil.rmtree(system)


@contextmanager
def _rule_of_the_machine(arch: Arch) -> Iterator[None]:
    """Have the whole machine run an architecture's programs by QEMU, which vmdb2 needs."""
    binary = arch.traits.binary
    assert binary is not None
    rule = RULES / f"vmdsl-{binary.emulator}"
    was_there = RULES.is_mount()
    if not was_there:
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", RULES], check=True)
    try:
        text = rule_for(binary, emulator_of(arch))
        (RULES / "register").write_text(text, encoding="ascii")
        yield
    finally:
        if rule.exists():
            rule.write_text("-1", encoding="ascii")
        if not was_there:
            subprocess.run(["umount", RULES], check=True)
