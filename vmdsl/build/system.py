"""What surrounds an operation: a system's virtual filesystems, a resolver, and no daemons."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Protocol

from vmdsl import programs
from vmdsl.build.tree import BuildTree
from vmdsl.errors import HostError, Problem

_NODES = ("null", "zero", "full", "random", "urandom", "tty")
_DEVICES = f"""\
mount -t tmpfs -o mode=0755 vmdsl-dev "$1"
cd "$1"
for node in {" ".join(_NODES)}; do
    : >$node
    mount --bind /dev/$node $node
    mount -o remount,bind,ro $node 2>/dev/null || [ "$2" != 0 ]
done
mkdir pts shm
chmod 1777 shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts pts
ln -s pts/ptmx ptmx
ln -s /proc/self/fd fd
ln -s /proc/self/fd/0 stdin
ln -s /proc/self/fd/1 stdout
ln -s /proc/self/fd/2 stderr
"""
_VIRTUAL = """\
cd "$1"
is() { [ -d $1 ] && [ ! -L $1 ]; }  # a symlink may lead out of the tree
! is proc || mount -t proc proc proc
! is sys || mount --rbind /sys sys
! is dev || mount --rbind "$2" dev
! is run || mount -t tmpfs -o mode=0755 tmpfs run
! is tmp || mount -t tmpfs -o mode=1777 tmpfs tmp
"""
_NO_LONGER = """\
cd "$1"
for place in proc sys dev run tmp; do
    [ -L $place ] || ! mountpoint -q $place || umount --lazy $place
done
"""
_NO_DAEMONS = "#!/bin/sh\nexit 101\n"


class Root(Protocol):
    """A tree in which something is mounted."""

    @property
    def path(self) -> Path: ...

    def run(self, *command: str) -> None: ...


def mount_proc() -> None:
    """Let the sandbox have a /proc of its own. Raises HostError where it can't."""
    done = programs.run(["mount", "-t", "proc", "proc", "/proc"])
    if not done.ok:
        raise HostError(
            Problem(
                what="the sandbox cannot have a /proc of its own",
                hint="this happens in containers that hide parts of /proc; vmdsl doctor says more",
            )
        )


def make_devices(tree: Root, directory: Path) -> None:
    """Make the /dev that programs of the tree see; they can't change the host's nodes in it."""
    directory.mkdir()
    real_root = "0" if _is_real_root() else "1"
    tree.run("sh", "-ec", _DEVICES, "sh", str(directory), real_root)


def _is_real_root() -> bool:
    """Whether root of the sandbox is root of the machine, whose device nodes it could change."""
    return Path("/proc/self/uid_map").read_text(encoding="ascii").split()[1] == "0"


@contextmanager
def surroundings(tree: BuildTree, devices: Path, resolver: str) -> Iterator[None]:
    """Let programs of the tree run as in a system, and take it all away again.

    The sandbox has the system's hostname. What an operation leaves running is ended. The resolver
    and policy-rc.d are real files for the time of the operation, so that a script may replace or
    remove them.
    """
    socket.sethostname(tree.inside(_hostname))
    if not tree.exists("/usr"):
        yield
        end_everything()
        return
    mount_virtual(tree, devices)
    with (
        _lent(tree, "/etc/resolv.conf", resolver.encode(), 0o644),
        _lent(tree, "/usr/sbin/policy-rc.d", _NO_DAEMONS.encode(), 0o755),
    ):
        yield
        end_everything()
    tree.unbind()
    unmount_virtual(tree)


def mount_virtual(tree: Root, devices: Path) -> None:
    """Give a tree /proc, /sys, /dev, /run and /tmp, where it has such directories."""
    tree.run("sh", "-ec", _VIRTUAL, "sh", str(tree.path), str(devices))


def unmount_virtual(tree: Root) -> None:
    """Take away what `mount_virtual` has mounted, and what was mounted in it."""
    tree.run("sh", "-c", _NO_LONGER, "sh", str(tree.path))


def _hostname() -> str:
    """The name of the future machine: that of the one that builds must not come into the image."""
    place = Path("/etc/hostname")
    words = place.read_text("utf-8", "replace").split() if place.is_file() else []
    return words[0][:64] if words else "localhost"


def end_everything() -> None:
    """Kill every process of the sandbox but this one, which is its first."""
    with suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def _can_be_lent(place: Path) -> bool:
    """Whether a file can be there; what is neither a file nor a symlink stays as it is."""
    plain = place.is_file() or place.is_symlink() or not os.path.lexists(place)
    return plain and place.parent.is_dir()


@contextmanager
def _lent(tree: BuildTree, path: str, content: bytes, mode: int) -> Iterator[None]:
    """Have a file be `content` for a while; what was there returns unless it was changed."""
    if not tree.inside(partial(_can_be_lent, Path(path))):
        yield
        return

    def lend() -> tuple[str, bytes, int, int] | None:
        place = Path(path)
        before = None
        if place.is_symlink():
            before = ("link", os.fsencode(place.readlink()), 0, 0)
            place.unlink()
        elif place.exists():
            about = place.stat()
            before = ("file", place.read_bytes(), about.st_mode & 0o7777, about.st_mtime_ns)
        place.write_bytes(content)
        place.chmod(mode)
        return before

    before = tree.inside(lend)
    yield

    def give_back() -> None:
        place = Path(path)
        if place.is_symlink() or not place.is_file() or place.read_bytes() != content:
            return
        if before is None:
            place.unlink()
        elif before[0] == "link":
            place.unlink()
            place.symlink_to(os.fsdecode(before[1]))
        else:
            place.write_bytes(before[1])
            place.chmod(before[2])
            os.utime(place, ns=(before[3], before[3]))

    tree.inside(give_back)
