"""The sandbox: a child in user, mount, pid, ipc and uts namespaces of its own.

An ordinary user's whole subuid range is mapped, so that every owner in the image is right; root
gets the identity. All mounts are private, so the kernel removes them whatever way the child
dies; and it dies with its parent, because of the death signal, and with it all that it started,
because it is the first process of its pid namespace.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from vmdsl import programs
from vmdsl.errors import HostError

_NAMESPACES = ("--user", "--mount", "--pid", "--fork", "--ipc", "--uts", "--kill-child")
#: Waits until its owners are mapped: only then does exec give it the capabilities of root.
_WAIT = ("sh", "-c", 'read -r go && exec "$@"', "sh")


def start(
    argv: Sequence[str], *, log: int, pass_fds: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start a program as root of a new sandbox, with pipes as standard input and output.

    Its errors go to `log`. Killing the returned process kills everything in the sandbox. Raises
    HostError where there can be no sandbox.
    """
    is_root = os.geteuid() == 0
    mapping = () if is_root else ("--map-root-user", "--map-auto")
    process = programs.start(
        ["setpriv", "--pdeathsig", "KILL", "unshare", *mapping, *_NAMESPACES, *_WAIT, *argv],
        stdin=subprocess.PIPE,
        errors=log,
        pass_fds=pass_fds,
        new_session=True,
    )
    try:
        if is_root:
            _map_identity(process)
        assert process.stdin is not None  # noqa: S101 (it was asked for)
        process.stdin.write(b"go\n")
        process.stdin.flush()
    except BrokenPipeError:
        raise _no_sandbox(process) from None
    except BaseException:
        process.kill()
        process.wait()
        raise
    return process


def run(argv: Sequence[str]) -> bool:
    """Run a short program in a sandbox of its own; whether it succeeded."""
    process = start(argv, log=subprocess.DEVNULL)
    process.communicate()
    return process.returncode == 0


def remove(path: Path) -> None:
    """Remove a directory of the cache, whose files belong to users of the sandbox."""
    if path.exists():
        run(["rm", "-rf", "--one-file-system", "--", str(path)])


def _map_identity(process: subprocess.Popen[bytes]) -> None:
    """Map every user to itself. newuidmap would refuse root, who needs no help."""
    child = _child_of(process)
    for name in ("uid_map", "gid_map"):
        own = Path(f"/proc/self/{name}").read_text(encoding="ascii").split()
        ranges = [(own[i], own[i + 2]) for i in range(0, len(own), 3)]
        text = "".join(f"{first} {first} {count}\n" for first, count in ranges)
        Path(f"/proc/{child}/{name}").write_text(text, encoding="ascii")


def _child_of(process: subprocess.Popen[bytes]) -> str:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while process.poll() is None:
        found = children.read_text(encoding="ascii").split()
        if found and Path(f"/proc/{found[0]}/comm").read_text(encoding="ascii") != "unshare\n":
            return found[0]
        time.sleep(0.001)
    raise _no_sandbox(process)


def _no_sandbox(process: subprocess.Popen[bytes]) -> HostError:
    process.kill()
    process.wait()
    return HostError("no sandbox can be made on this machine; vmdsl doctor says why")
