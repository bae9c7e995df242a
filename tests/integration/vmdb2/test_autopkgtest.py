"""autopkgtest's own program builds an image with vmdsl in place of vmdb2, and tests run in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vmdsl.machines import Arch

pytestmark = [pytest.mark.integration, pytest.mark.long]

MINUTES = 60
FAKEMACHINE = """\
#!/bin/sh
while [ "$1" = -v ]; do shift 2; done
exec "$@"
"""
#: autopkgtest uses KVM for this machine's architecture wherever there is a device of that name.
TRANSLATED = """\
#!/bin/sh
for word; do shift; [ "$word" = -enable-kvm ] || set -- "$@" "$word"; done
exec qemu-system-x86_64 "$@"
"""
#: The machine for each architecture, in autopkgtest's words. `FOLDER` is where the programs are.
MACHINES = {
    Arch.AMD64: (
        "--qemu-command=FOLDER/translated",
        "--qemu-options=-cpu max,erms=off,fsrm=off,smap=off,smep=off,la57=off",
    ),
    Arch.ARM64: ("--qemu-architecture=aarch64",),
}
PACKAGE = {
    "changelog": """\
small (1) unstable; urgency=low

  * A package with a test.

 -- Nobody <nobody@example.org>  Thu, 01 Jan 2026 00:00:00 +0000
""",
    "control": "Source: small\nMaintainer: Nobody <nobody@example.org>\n\n"
    "Package: small\nArchitecture: all\nDescription: small\n",
    "tests/control": "Tests: runs\nDepends:\nRestrictions: needs-root\n",
    "tests/runs": "#!/bin/sh\nset -e\ntest $(id -u) = 0\nuname -m\n",
}


@pytest.mark.parametrize("arch", [Arch.AMD64, Arch.ARM64], ids=["amd64", "arm64"])
def test_a_package_is_tested_in_an_image(user: Any, host_mirror: str, arch: Arch) -> None:
    folder = user.folder("autopkgtest")
    vmdb2 = f'#!/bin/sh\nexec {user.checkout}/.venv/bin/vmdsl build "$@"\n'
    programs = {"vmdb2": vmdb2, "fakemachine": FAKEMACHINE, "translated": TRANSLATED}
    for name, script in programs.items():
        user.file(folder / name, script).chmod(0o755)
    (folder / "small/debian/tests").mkdir(parents=True)
    for name, text in PACKAGE.items():
        user.file(folder / "small/debian" / name, text).chmod(0o755)
    image = folder / "image.qcow2"
    path = f"PATH={folder}:/usr/bin:/bin:/usr/sbin:/sbin"
    words = (f"--architecture={arch}", "--size=4G", f"--mirror={host_mirror}")
    build = ("autopkgtest-build-qemu", *words, "bookworm", image)
    built = user.run("env", path, *build, timeout=60 * MINUTES)
    assert built.returncode == 0, built.stdout
    assert sorted(Path(folder).glob("image*")) == [image]
    test = ("autopkgtest", "--no-built-binaries", "--timeout-factor=10", folder / "small")
    kind = [word.replace("FOLDER", str(folder)) for word in MACHINES[arch]]
    machine = ("qemu", *kind, "--cpus=1", "--timeout-reboot=900")
    done = user.run("env", path, *test, "--", *machine, image, timeout=60 * MINUTES)
    assert done.returncode == 0, done.stdout
    assert arch.traits.uname[0] in done.stdout.splitlines()
    assert "runs                 PASS" in done.stdout
