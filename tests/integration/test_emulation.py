"""Programs of other architectures, which an ordinary user's sandbox has QEMU run."""

from __future__ import annotations

import platform
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vmdsl.boot.firmware import find_firmware
from vmdsl.boot.machine import Machine
from vmdsl.boot.running import running
from vmdsl.emulation import RULES
from vmdsl.machines import Arch

pytestmark = pytest.mark.integration

MINUTES = 60
#: Runs in a sandbox: prints what is in the way of each architecture's programs.
TRY_ALL = """\
import sys
from collections.abc import Callable
from pathlib import Path
from vmdsl.emulation import enable, is_native
from vmdsl.machines import Arch
for arch in Arch:
    if arch.traits.binary and not is_native(arch):
        print(arch, enable(arch, Path(sys.argv[1])))
"""
SANDBOX = ("unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc")


def rules_of_the_machine() -> list[str]:
    return sorted(path.name for path in RULES.iterdir())


def test_all_architectures_run_side_by_side_and_leave_nothing(tmp_path: Path) -> None:
    before = rules_of_the_machine()
    running = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        argv = [*SANDBOX, sys.executable, "-c", TRY_ALL, str(tmp_path / name)]
        running.append(subprocess.Popen(argv, stdout=subprocess.PIPE, text=True))
    foreign = [a for a in Arch if a.traits.binary and platform.machine() not in a.traits.native_on]
    for process in running:
        said, _ = process.communicate(timeout=2 * MINUTES)
        assert said.splitlines() == [f"{arch} None" for arch in foreign]
    assert rules_of_the_machine() == before


def read(image: Path, path: str) -> str:
    """Return a file of the image's root filesystem."""
    request = ["debugfs", "-R", f"cat {path}", f"{image}?offset={65 * 2**20}"]
    return subprocess.run(request, capture_output=True, check=True).stdout.decode()


@pytest.mark.parametrize(
    "arch",
    [
        pytest.param(Arch.ARM64, id="arm64"),
        pytest.param(Arch.ARMHF, id="armhf", marks=pytest.mark.long),
    ],
)
def test_an_ordinary_user_builds_a_system_of_another_architecture(
    user: Any, host_mirror: str, arch: Arch, accel_of: Callable[..., Any]
) -> None:
    """It is built, and boots; on armhf without its modules if programs found directories empty."""
    before = rules_of_the_machine()
    image = user.folder(arch) / "emulated.img"
    recipe = user.checkout / "tests/integration/recipes/emulated.py"
    options = ("--arch", arch, "--mirror", host_mirror, "--timings", "--verbose", "--output", image)
    done = user.build(recipe, *options, timeout=30 * MINUTES)
    assert done.returncode == 0, done.stdout
    assert "emulated)" in done.stdout
    assert rules_of_the_machine() == before

    (uname,) = arch.traits.uname
    assert read(image, "/seen").split() == [uname, "by-another-name", "0", uname]
    runners = re.findall(r"(\S+) is run by /(?:usr/bin/(qemu)-|dev/(vmdsl-native)/)", done.stdout)
    assert [(name, emulated or native) for name, emulated, native in runners] == [
        ("zz-hook-of-package", "vmdsl-native"),
        ("hook-of-initramfs", "vmdsl-native"),
        ("hook-of-initramfs", "vmdsl-native"),
        ("script", "qemu"),
    ]

    found = find_firmware(image)
    machine = Machine(
        image=image, firmware=found.firmware, arch=found.arch, accel=accel_of(arch), network=False
    )
    with running(machine) as console:
        words = console.wait_for(r"hello from (.*)\n", timeout=10 * MINUTES)[1].split()
        console.wait_closed(timeout=2 * MINUTES)
    assert words[:2] == [uname, arch]
    assert (words[-2], words[-1].split(",")[0]) == ("ext4", "rw")
