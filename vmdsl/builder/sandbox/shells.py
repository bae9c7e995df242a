"""A shell for the user in the sandbox, on a pseudo-terminal of the sandbox's own.

Run as the first process of a sandbox, this module opens one in a tree that was kept.

Its other end goes out through a socket, to a process that has the user's terminal. So no process of
the sandbox ever has that open, and job control works as anywhere.
"""

from __future__ import annotations

import fcntl
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from vmdsl import emulation, programs
from vmdsl.builder.sandbox import environment
from vmdsl.builder.sandbox.environment import INTO_TREE
from vmdsl.builder.sandbox.mounts import make_devices, mount_proc, mount_virtual
from vmdsl.machines import Arch

#: Requests of ioctl that Python's termios lacks.
_UNLOCK, _OPEN_PEER = 0x40045431, 0x5441
_SHELLS = ("/bin/bash", "/bin/sh")
_WORD = b"pty"


def run_shell(
    tree: Path, *, devices: Path, scratch: Path, epoch: int | None, console: socket.socket
) -> None:
    """Run a shell of the tree until it ends; one of this machine if the tree's does not run.

    `devices` is the /dev that programs of the tree see.
    """
    terminal = os.open(devices / "pts/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    fcntl.ioctl(terminal, _UNLOCK, bytes(4))
    inner = fcntl.ioctl(terminal, _OPEN_PEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    socket.send_fds(console, [_WORD], [terminal])
    os.close(terminal)
    command, env = _shell(tree, scratch, epoch)
    process = programs.start(
        ["setsid", "--ctty", *command], stdin=inner, output=inner, errors=inner, env=env, cwd=tree
    )
    os.close(inner)
    process.wait()


def _shell(tree: Path, scratch: Path, epoch: int | None) -> tuple[list[str], dict[str, str]]:
    ours = {"TERM": os.environ.get("TERM", "dumb"), "debian_chroot": "vmdsl"}
    emulated = _emulated(tree)
    env = {**environment.of_tree(epoch, emulated), **ours}
    for shell in _SHELLS:
        command = [*INTO_TREE, str(tree), shell]
        if programs.run([*command, "-c", ":"], env=env).ok:
            return command, env
    return ["bash"], {**environment.of_host(tree, scratch, epoch, emulated), **ours}


def _emulated(tree: Path) -> Arch | None:
    """Return the architecture of a tree's shell, unless this machine runs it by itself."""
    try:
        file = os.open(tree / "bin/sh", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with open(file, "rb") as program:  # noqa: PTH123 (an open file)
        arch = emulation.arch_of_program(program.read(emulation.START_OF_ELF))
    return None if arch is None or emulation.is_native(arch) else arch


def attend(console: socket.socket, show: Callable[[int], None]) -> bool:
    """Have `show` connect the user with the shell, from outside. Returns whether there was one.

    It is given the terminal, which is open until it returns.
    """
    word, files, _, _ = socket.recv_fds(console, len(_WORD), 1)
    if not word:
        return False
    with open(files[0], "r+b", buffering=0) as terminal:  # noqa: PTH123 (an open file)
        show(terminal.fileno())
    return True


def main(tree: str, space: str, console: str) -> None:
    """Mount the virtual filesystems of a tree, and run a shell in it. The sandbox ends with it."""
    root, devices, scratch = Path(tree), Path(space, "dev"), Path(space, "scratch")
    scratch.mkdir()
    mount_proc()
    if arch := _emulated(root):
        emulation.enable(arch, scratch)  # without it, the shell is one of this machine
    make_devices(devices)
    mount_virtual(root, devices)
    with socket.socket(fileno=int(console)) as outside:
        run_shell(root, devices=devices, scratch=scratch, epoch=None, console=outside)


if __name__ == "__main__":
    main(*sys.argv[1:])
