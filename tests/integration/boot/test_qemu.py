"""QEMU itself, with disks that need no build."""

import os
import pty
import select
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from vmdsl.boot import accel
from vmdsl.boot.accel import kvm_problem, try_accel
from vmdsl.boot.machine import Accel, Firmware, Machine
from vmdsl.boot.probes import PROBES, SIGN
from vmdsl.boot.running import running
from vmdsl.errors import BootError
from vmdsl.machines import Arch
from vmdsl.values import MiB

pytestmark = pytest.mark.integration

SLEEPER = """
import sys, time
from pathlib import Path
from vmdsl.boot.machine import Firmware, Machine
from vmdsl.boot.running import running

with running(Machine(image=Path(sys.argv[1]), firmware=Firmware.UEFI)) as console:
    console.wait_for("BdsDxe", timeout=60)
    print("up", flush=True)
    time.sleep(600)
"""

AT_TERMINAL = """
import sys
from pathlib import Path
from vmdsl.boot.interactive import run_machine
from vmdsl.boot.machine import Firmware, Machine

sys.exit(run_machine(Machine(image=Path(sys.argv[1]), firmware=Firmware.BIOS)))
"""


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A disk with nothing on it, and a directory of our own for temporary files."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    disk = tmp_path / "empty.img"
    disk.write_bytes(bytes(MiB(4).bytes))
    return disk


@pytest.mark.parametrize("arch", PROBES)
def test_the_probes_run(arch: Arch) -> None:
    done = try_accel(Accel.TCG, arch)
    assert (done.code, SIGN.decode() in done.output) == (PROBES[arch].exit_code, True)


def test_kvm_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = kvm_problem(tmp_path / "kvm")
    monkeypatch.setattr(accel, "try_accel", lambda *_: pytest.fail("it was tried again"))
    assert kvm_problem(tmp_path / "kvm") == first


@pytest.mark.parametrize("firmware", [one for one in Firmware if one is not Firmware.IEEE1275])
def test_an_empty_disk_is_reported_at_once(empty: Path, firmware: Firmware) -> None:
    with (
        pytest.raises(BootError, match="found n"),
        running(Machine(image=empty, firmware=firmware)) as console,
    ):
        console.login(timeout=60)
    assert not list((empty.parent / "temporary").iterdir())


def test_qemus_own_message_is_shown(empty: Path) -> None:
    image = empty.rename(empty.with_suffix(".qcow2"))
    with (
        pytest.raises(BootError, match="not in qcow2 format"),
        running(Machine(image=image, firmware=Firmware.BIOS)) as console,
    ):
        console.login(timeout=60)


def test_a_killed_caller_leaves_no_machine(empty: Path) -> None:
    caller = subprocess.Popen([sys.executable, "-c", SLEEPER, str(empty)], stdout=subprocess.PIPE)
    assert caller.stdout is not None
    assert caller.stdout.readline() == b"up\n"
    children = Path(f"/proc/{caller.pid}/task/{caller.pid}/children").read_text().split()
    (qemu,) = (int(child) for child in children)
    watch = os.pidfd_open(qemu)
    caller.send_signal(signal.SIGKILL)
    caller.communicate()
    try:
        assert select.select([watch], [], [], 10)[0]
    finally:
        os.close(watch)
    assert not list((empty.parent / "temporary").iterdir())


def test_a_terminal_is_left_as_it_was(empty: Path) -> None:
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    program = (sys.executable, "-c", AT_TERMINAL, str(empty))
    caller = subprocess.Popen(program, stdin=theirs, stdout=theirs, start_new_session=True)
    shown = b""
    while b"No bootable device." not in shown:
        assert select.select([ours], [], [], 30)[0], shown
        shown += os.read(ours, 4096)
    assert termios.tcgetattr(theirs) != before
    os.write(ours, b"\x01x")
    assert caller.wait(30) == 0
    assert termios.tcgetattr(theirs) == before
    assert os.get_blocking(theirs)
    os.close(ours)
    os.close(theirs)
