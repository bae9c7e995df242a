"""The surroundings of an operation: virtual filesystems, a resolver, and no daemons."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

from vmdsl.builder.sandbox.children import end_everything
from vmdsl.builder.sandbox.mounts import mount_virtual, unmount_below
from vmdsl.builder.tree import lent_files
from vmdsl.builder.tree.tree import BuildTree
from vmdsl.operations.scripts.stand_ins import PLACE, REAL, places_of


@contextmanager
def surroundings(
    tree: BuildTree,
    devices: Path,
    resolver: str,
    *,
    own_tmp: bool = False,
    by_path: Sequence[str] = (),
) -> Iterator[None]:
    """Let programs of the tree run as in a system, and take it all away again.

    The sandbox has the system's hostname. Processes that an operation leaves running are killed,
    and its mounts are unmounted. The resolver and policy-rc.d are real files during the
    operation, so that a script may replace or remove them. With `own_tmp`, /tmp is in memory too,
    as an operation with secrets may write them there. Programs in `by_path` have stand-ins in their
    own places too.
    """
    tree.lent.clear()
    socket.sethostname(tree.inside(_hostname))
    if not tree.exists("/usr"):
        yield
        end_everything()
        unmount_below(tree.path)
        return
    mount_virtual(tree.path, devices, own_tmp=own_tmp)
    with ExitStack() as lent:
        lent.enter_context(_lent(tree, "/etc/resolv.conf", lent_files.resolver(resolver), 0o644))
        lent.enter_context(_lent(tree, "/usr/sbin/policy-rc.d", lent_files.NO_DAEMONS, 0o755))
        for name in by_path:
            for path in places_of(name):
                lent.enter_context(_lent_program(tree, devices, path))
        yield
        end_everything()
        tree.unbind()
        unmount_below(tree.path)


def _hostname() -> str:
    """Return the future machine's name, as that of this machine must not get into the image."""
    place = Path("/etc/hostname")
    words = place.read_text("utf-8", "replace").split() if place.is_file() else []
    return words[0][:64] if words else "localhost"


def _can_be_lent(place: Path) -> bool:
    """Return whether a file can be there, which replaces nothing but a file or a symlink."""
    plain = place.is_file() or place.is_symlink() or not os.path.lexists(place)
    return plain and place.parent.is_dir()


def _write_in_run(path: str, content: bytes, mode: int) -> bool:
    """Write to what a symlink leads to, if that is in /run, which is in memory meanwhile."""
    place = Path(os.path.realpath(path))
    if not (place.is_relative_to("/run") and os.path.ismount("/run")):
        return False
    with suppress(OSError):  # something else is in the way
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        place.chmod(mode)
    return True


@contextmanager
def _lent(tree: BuildTree, path: str, content: bytes, mode: int) -> Iterator[None]:
    """Have a stand-in at a path for a while; what was there returns unless it was changed.

    A symlink into /run, where something in the running system will write the file, stays as it is.
    """
    if not tree.inside(partial(_can_be_lent, Path(path))):
        yield
        return
    if tree.inside(partial(_write_in_run, path, content, mode)):
        yield
        return
    lent = tree.inside(partial(lent_files.lend, Path(path), content, mode))
    tree.lent.append(lent)
    yield
    tree.inside(partial(lent_files.give_back, lent))


def _is_plain_program(path: str) -> bool:
    """Return whether a path leads to a file by no symlink, and no other path does."""
    place = Path(path)
    return os.path.realpath(path) == path and place.is_file() and place.stat().st_nlink == 1


@contextmanager
def _lent_program(tree: BuildTree, devices: Path, path: str) -> Iterator[None]:
    """Have a stand-in in the place of a program for a while; it finds the program in /dev."""
    if not tree.inside(partial(_is_plain_program, path)):
        yield
        return
    name = Path(path).name
    lent = tree.inside(
        partial(lent_files.lend, Path(path), lent_files.program(PLACE / name), 0o755)
    )
    assert lent.file is not None  # noqa: S101 (it has just been seen)
    real = devices / PLACE.name / REAL / name
    real.write_bytes(lent.file.content)
    real.chmod(0o755)
    tree.lent.append(lent)
    yield
    tree.inside(partial(lent_files.give_back, lent))
