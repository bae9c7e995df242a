"""A shell in a kept tree, run as the first process of a sandbox."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

from vmdsl import programs
from vmdsl.build.shell import run_shell
from vmdsl.build.system import make_devices, mount_proc, mount_virtual
from vmdsl.errors import BuildError


class _Root:
    """A kept tree, with the programs that mount something in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def run(self, *command: str) -> None:
        done = programs.run(command)
        if not done.ok:
            raise BuildError(f"{command[0]}: {done.output}")


def main(tree: str, space: str, console: str) -> None:
    """Mount what surrounds a tree, and let the user in. The mounts end with the sandbox."""
    root, devices, scratch = _Root(Path(tree)), Path(space, "dev"), Path(space, "scratch")
    scratch.mkdir()
    mount_proc()
    make_devices(root, devices)
    mount_virtual(root, devices)
    with socket.socket(fileno=int(console)) as outside:
        run_shell(root.path, devices=devices, scratch=scratch, epoch=None, console=outside)


if __name__ == "__main__":
    main(*sys.argv[1:])
