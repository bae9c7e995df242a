"""The surroundings of an operation: virtual filesystems, a resolver, and no daemons."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from vmdsl.builder.sandbox.children import end_everything
from vmdsl.builder.sandbox.mounts import mount_virtual, unmount_below
from vmdsl.builder.tree import lent_files
from vmdsl.builder.tree.tree import BuildTree


@contextmanager
def surroundings(
    tree: BuildTree, devices: Path, resolver: str, *, own_tmp: bool = False
) -> Iterator[None]:
    """Let programs of the tree run as in a system, and take it all away again.

    The sandbox has the system's hostname. Processes that an operation leaves running are killed,
    and its mounts are unmounted. The resolver and policy-rc.d are real files during the
    operation, so that a script may replace or remove them. With `own_tmp`, /tmp is in memory too,
    as an operation with secrets may write them there.
    """
    tree.lent.clear()
    socket.sethostname(tree.inside(_hostname))
    if not tree.exists("/usr"):
        yield
        end_everything()
        unmount_below(tree.path)
        return
    mount_virtual(tree.path, devices, own_tmp=own_tmp)
    with (
        _lent(tree, "/etc/resolv.conf", lent_files.resolver(resolver), 0o644),
        _lent(tree, "/usr/sbin/policy-rc.d", lent_files.NO_DAEMONS, 0o755),
    ):
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
