"""The sandbox: a child in user, mount, pid, ipc and uts namespaces of its own.

An ordinary user's whole subuid range is mapped, so that every owner in the image is right; root
gets the identity. All mounts are private, so the kernel removes them whatever way the child
dies; and it dies with its parent, because of the death signal, and with it all that it started,
because it is the first process of its pid namespace.
"""

from __future__ import annotations

import fcntl
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Collection, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO

from vmdsl import programs
from vmdsl.errors import HostError, Problem

_NAMESPACES = ("--user", "--mount", "--pid", "--fork", "--ipc", "--uts", "--kill-child")
#: Waits until its owners are mapped: only then does exec give it the capabilities of root. With
#: that the kernel forgets the death signal that unshare has set, so it is set once more. It prints
#: an empty line when there is a sandbox.
_WAIT = ("sh", "-c", 'read -r go && echo && exec setpriv --pdeathsig KILL "$@"', "sh")
_PATIENCE = 10.0
_POLL = 0.1
#: So many bytes of what is printed are quoted if there can be no sandbox.
_ENOUGH = 1000
_SET_FLAGS, _UP = 0x8914, 1  # SIOCSIFFLAGS, IFF_UP


def start(
    argv: Sequence[str],
    *,
    log: int,
    pass_fds: Sequence[int] = (),
    without: Collection[str] = (),
    network: bool = True,
) -> subprocess.Popen[bytes]:
    """Start a program as root of a new sandbox, with pipes as standard input and output.

    Its errors go to `log`, a file that is also read, or DEVNULL. It gets no environment variable
    that is in `without`. Without `network` it reaches no machine. Killing the returned process
    kills everything in the sandbox, soon; `end` waits for that. Raises HostError with the words of
    unshare if there can be no sandbox.
    """
    is_root = os.geteuid() == 0
    mapping = () if is_root else ("--map-root-user", "--map-auto")
    namespaces = _NAMESPACES if network else (*_NAMESPACES, "--net")
    printed = os.fstat(log).st_size if log >= 0 else 0
    process = programs.start(
        ["setpriv", "--pdeathsig", "KILL", "unshare", *mapping, *namespaces, *_WAIT, *argv],
        stdin=subprocess.PIPE,
        errors=log,
        env={k: v for k, v in programs.environment().items() if k not in without},
        pass_fds=pass_fds,
        new_session=True,
    )
    try:
        if is_root:
            _map_identity(process)
        assert process.stdin is not None  # noqa: S101 (both were asked for)
        assert process.stdout is not None  # noqa: S101
        with suppress(BrokenPipeError):
            process.stdin.write(b"go\n")
            process.stdin.flush()
        while not _is_readable(process.stdout, _POLL) and process.poll() is None:
            pass
        if _is_readable(process.stdout, 0) and os.read(process.stdout.fileno(), 1):
            return process
    except BaseException:
        process.kill()
        process.wait()
        raise
    with suppress(ProcessLookupError):  # a child of unshare may wait for owners that never come
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    said = os.pread(log, _ENOUGH, printed).decode(errors="replace").strip() if log >= 0 else ""
    what = "no sandbox can be made on this machine"
    raise HostError(
        Problem(
            what=f"{what}: {said}" if said else what, hint="vmdsl doctor says why", code="sandbox"
        )
    )


def _is_readable(file: IO[bytes], seconds: float) -> bool:
    return bool(select.select([file], [], [], seconds)[0])


def start_python(
    module: str,
    *arguments: str,
    log: int,
    pass_fds: Sequence[int],
    without: Collection[str] = (),
    network: bool = True,
) -> subprocess.Popen[bytes]:
    """Start a Python module in a new sandbox. The other arguments are those of `start`."""
    argv = [sys.executable, "-P", "-X", "utf8", "-m", module, *arguments]
    return start(argv, log=log, pass_fds=pass_fds, without=without, network=network)


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill everything in a sandbox, unless it has ended, and wait until nothing of it runs."""
    with ExitStack() as stack:
        watches = []
        if process.poll() is None:
            for child in _children(process):
                with suppress(ProcessLookupError):
                    watches.append(os.pidfd_open(child))
                    stack.callback(os.close, watches[-1])
        process.kill()
        process.wait()
        # The first process of a pid namespace has ended when all others in it have.
        for watch in watches:
            select.select([watch], [], [], _PATIENCE)


def run(argv: Sequence[str]) -> bool:
    """Run a short program in a sandbox of its own. Returns whether it succeeded."""
    process = start(argv, log=subprocess.DEVNULL)
    process.communicate()
    return process.returncode == 0


def remove(path: Path) -> None:
    """Remove a directory of the cache, whose files belong to users of the sandbox."""
    if path.exists():
        try:
            run(["rm", "-rf", "--one-file-system", "--", str(path)])
        except HostError:  # there was none before either, so all in it is this user's
            shutil.rmtree(path, ignore_errors=True)


def start_loopback() -> None:
    """Set the loopback interface up, where the sandbox has a network namespace of its own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sH14x", b"lo", _UP))


def _map_identity(process: subprocess.Popen[bytes]) -> None:
    """Map every user to itself. newuidmap would refuse root, who does not need it."""
    child = _child_of(process)
    if child is None:
        return
    for name in ("uid_map", "gid_map"):
        own = Path(f"/proc/self/{name}").read_text(encoding="ascii").split()
        ranges = [(own[i], own[i + 2]) for i in range(0, len(own), 3)]
        text = "".join(f"{first} {first} {count}\n" for first, count in ranges)
        Path(f"/proc/{child}/{name}").write_text(text, encoding="ascii")


def _child_of(process: subprocess.Popen[bytes]) -> int | None:
    while process.poll() is None:
        found = _children(process)
        if found and Path(f"/proc/{found[0]}/comm").read_text(encoding="ascii") != "unshare\n":
            return found[0]
        time.sleep(0.001)
    return None


def _children(process: subprocess.Popen[bytes]) -> list[int]:
    """Return the first process of the sandbox, if it was started; it is unshare's child."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    try:
        return [int(child) for child in children.read_text(encoding="ascii").split()]
    except (FileNotFoundError, ProcessLookupError):  # it has just ended
        return []
