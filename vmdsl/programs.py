"""The one module that starts programs, and knows which Debian package has which of them."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO, NoReturn

#: What a pipe holds, in bytes.
_CHUNK = 65536
#: The PATH, with the folders for administrators that a user may lack.
SEARCH = ":".join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])

#: Variables that change how common programs read their arguments, and what these print.
_CHANGES_PROGRAMS = frozenset(
    {
        *("POSIXLY_CORRECT", "POSIX_ME_HARDER", "TAR_OPTIONS", "GREP_OPTIONS"),
        *("BASH_ENV", "CDPATH", "BLOCKSIZE", "BLOCK_SIZE"),
        *("LD_PRELOAD", "LD_AUDIT", "FAKEROOTKEY", "PERL5OPT"),
    }
)
#: What the names of others like that begin with: those of e2fsprogs, mtools and util-linux.
_CHANGES_TOOLS = ("MKE2FS_", "E2FSPROGS_", "MTOOLS", "LIBBLKID_", "LIBMOUNT_", "LIBFDISK_")

#: The Debian package of each program of this machine that every build starts.
PACKAGES: Mapping[str, str] = {
    "mmdebstrap": "mmdebstrap",
    "mount": "mount",
    "newgidmap": "uidmap",
    "newuidmap": "uidmap",
    "setpriv": "util-linux",
    "unshare": "util-linux",
}
#: Directories whose programs and libraries come before those of this machine: see `prefer`.
_preferred: list[str] = []
_libraries: list[Path] = []


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A program that has ended. `code` is negative for a signal, as in subprocess.

    It took `seconds`, and `cpu` seconds of processor time, including its children.
    """

    argv: tuple[str, ...]
    code: int
    output: str = ""
    seconds: float = 0.0
    cpu: float = 0.0

    @property
    def ok(self) -> bool:
        return self.code == 0


#: Each is called with every program that `run` has run.
observers: list[Callable[[Finished], None]] = []


def prefer(directory: Path, libraries: Sequence[Path]) -> None:
    """Let this process, and its children, use the programs in a directory before all other.

    `libraries` are the directories of the shared libraries that `library` finds.
    """
    _preferred.insert(0, str(directory))
    _libraries[:0] = libraries


def library(name: str) -> str:
    """Return the path of a shared library such as libz.so.1, or its name if that is all."""
    found = (place / name for place in _libraries)
    return str(next((path for path in found if path.exists()), name))


def find(program: str) -> str | None:
    """Return the path of a program, looking in the sbin directories too, or None."""
    return shutil.which(program, path=_search())


def _search() -> str:
    return ":".join([*_preferred, SEARCH])


def how_to_get(program: str, package: str = "") -> str:
    """Return how to install a program that is missing, from `package` if that is given."""
    package = package or PACKAGES.get(program, "")
    return apt_get_install([package]) if package else f"install the package that has {program}"


def apt_get_install(names: Iterable[str]) -> str:
    """Return how to install packages."""
    return f"As root: apt-get install --no-install-recommends {' '.join(sorted(set(names)))}"


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment with a full PATH, plus `extra`.

    It lacks what changes programs: `POSIXLY_CORRECT`, `LD_PRELOAD`, `MKE2FS_SYNC` and the like.
    """
    ours = {
        name: value
        for name, value in os.environ.items()
        if name not in _CHANGES_PROGRAMS and not name.startswith(_CHANGES_TOOLS)
    }
    return {**ours, "PATH": _search(), **(extra or {})}


def bare_environment() -> dict[str, str]:
    """Return an environment for probes of this machine, in which nothing of the user's counts."""
    return {"PATH": SEARCH, "LC_ALL": "C"}


def run(
    argv: Sequence[str],
    *,
    output: int | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: bytes = b"",
    pass_fds: Sequence[int] = (),
    timeout: float | None = None,
) -> Finished:
    """Run a program to its end.

    Its output goes to the open file `output` if that is given, and is returned as text otherwise.
    `env` is the whole environment, not an addition. Raises FileNotFoundError if the program is
    missing, and subprocess.TimeoutExpired, having killed it, after `timeout` seconds.
    """
    begun, cpu = time.monotonic(), _cpu_of_children()
    with _relay(output) if output is not None else nullcontext(subprocess.PIPE) as place:
        done = subprocess.run(
            list(argv),
            input=stdin,
            stdout=place,
            stderr=subprocess.STDOUT,
            env=environment() if env is None else dict(env),
            cwd=cwd,
            pass_fds=tuple(pass_fds),
            timeout=timeout,
            check=False,
        )
    text = done.stdout.decode("utf-8", "replace") if done.stdout else ""
    finished = Finished(
        argv=tuple(argv),
        code=done.returncode,
        output=text,
        seconds=time.monotonic() - begun,
        cpu=_cpu_of_children() - cpu,
    )
    for observer in observers:
        observer(finished)
    return finished


@contextmanager
def _relay(output: int) -> Iterator[int]:
    """Yield a pipe that is copied to `output`, as opening /dev/stderr would truncate a file."""
    reader, writer = os.pipe()
    ended, end = os.pipe()
    os.set_blocking(reader, False)
    thread = Thread(target=_pass_on, args=(reader, ended, output), daemon=True)
    thread.start()
    try:
        yield writer
    finally:
        os.close(writer)
        os.close(end)
        thread.join()
        os.close(reader)
        os.close(ended)


def _pass_on(reader: int, ended: int, output: int) -> None:
    """Copy the pipe until `ended` is closed, and whatever is in the pipe then.

    A process that outlives the program may keep the other end open, and go on writing.
    """
    over = False
    while not over:
        over = ended in select.select([reader, ended], [], [])[0]
        with suppress(BlockingIOError):
            data = os.read(reader, _CHUNK)
            with suppress(OSError):  # the disk is full, which something else will report
                os.write(output, data)


def _cpu_of_children() -> float:
    used = os.times()
    return used.children_user + used.children_system


def start_again(extra: Mapping[str, str]) -> NoReturn:
    """Replace this process by one that runs the same command with `extra` environment variables."""
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **extra})  # noqa: S606 (no shell is wanted)


def start(
    argv: Sequence[str],
    *,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    output: int | IO[bytes] = subprocess.PIPE,
    errors: int | IO[bytes] = subprocess.STDOUT,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    pass_fds: Sequence[int] = (),
    new_session: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a program and return at once; the caller must wait for it or kill it."""
    return subprocess.Popen(
        list(argv),
        stdin=stdin,
        stdout=output,
        stderr=errors,
        env=environment() if env is None else dict(env),
        cwd=cwd,
        pass_fds=tuple(pass_fds),
        start_new_session=new_session,
    )
