"""The QEMU of Debian 13 beside that of this machine.

It translates a guest's code faster than Debian 12's: until a login prompt, by about a seventh.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

_PACKAGES = "qemu-system-x86,qemu-system-arm"
#: A program of the tree with its own libraries, and its data where it looks for them.
_SCRIPT = """\
#!/bin/sh
export QEMU_MODULE_DIR={tree}/usr/lib/x86_64-linux-gnu/qemu
exec {tree}/usr/lib64/ld-linux-x86-64.so.2 --library-path {tree}/usr/lib/x86_64-linux-gnu \\
    {tree}/usr/bin/{name} -L {tree}/usr/share/qemu -L {tree}/usr/share/seabios \\
    -L {tree}/usr/lib/ipxe/qemu "$@"
"""


def make_programs(folder: Path) -> None:
    """Unpack QEMU's packages, without installing them, and write scripts that start it."""
    tree, programs = folder / "tree", folder / "bin"
    tree.mkdir(parents=True)
    programs.mkdir()
    packed = folder / "tree.tar"
    bootstrap = ("mmdebstrap", "--quiet", "--variant=extract", f"--include={_PACKAGES}")
    subprocess.run([*bootstrap, "trixie", packed], check=True, stdin=subprocess.DEVNULL)
    unpack = ("tar", "--extract", "--no-same-owner", "--exclude=./dev/*")
    subprocess.run([*unpack, "--file", packed, "--directory", tree], check=True)
    packed.unlink()
    for program in tree.glob("usr/bin/qemu-system-*"):
        script = programs / program.name
        script.write_text(_SCRIPT.format(tree=tree, name=program.name), encoding="utf-8")
        script.chmod(0o755)
