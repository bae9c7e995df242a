"""A shell in a kept tree, run as the first process of a sandbox."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

from vmdsl.builder.sandbox.shells import run_shell
from vmdsl.builder.tree.surroundings import make_devices, mount_proc, mount_virtual


def main(tree: str, space: str, console: str) -> None:
    """Mount what surrounds a tree, and let the user in. The mounts end with the sandbox."""
    root, devices, scratch = Path(tree), Path(space, "dev"), Path(space, "scratch")
    scratch.mkdir()
    mount_proc()
    make_devices(devices)
    mount_virtual(root, devices)
    with socket.socket(fileno=int(console)) as outside:
        run_shell(root, devices=devices, scratch=scratch, epoch=None, console=outside)


if __name__ == "__main__":
    main(*sys.argv[1:])
