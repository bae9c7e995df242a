"""One initramfs for each kernel that a change of packages brings or replaces."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from vmdsl.language.effects import Tree, package_cache

#: zstd writes the same with any number of threads.
_ALL_CORES = {"ZSTD_NBTHREADS": "0"}
#: It puts its thousand files together here, if it isn't in /var/tmp. To remove them takes long on a
#: disk that is informed of everything that is removed (the mount option `discard`).
_IN_MEMORY = {"TMPDIR": "/run"}
_ROOM = 4 * 2**30
_MODULES = "/usr/lib/modules"
#: By name, as vmlinuz-6.12.48+deb13-amd64: the time and the size, which change where a package
#: replaces it. Those of some architectures are not compressed, and called vmlinux.
Kernels = dict[str, tuple[int, int]]
#: INITRD=No also kept the kernel's package from making the link /initrd.img.
_LINKS = """\
! command -v linux-update-symlinks >/dev/null ||
    linux-update-symlinks install "$1" "$2"
"""


#: Kernel hooks of programs other than initramfs-tools that make an initramfs.
_OTHER_MAKERS = tuple(Path("/etc/kernel/postinst.d", name) for name in ("dracut", "tiny-initramfs"))
#: By this, packages make no initramfs.
NO_INITRAMFS = {"INITRD": "No"}


@contextmanager
def one_initramfs(tree: Tree) -> Iterator[dict[str, str]]:
    """Make one initramfs for each kernel that a change of packages brings or replaces.

    Yields variables for apt: if something else than initramfs-tools is there, it works as ever.
    """
    before, others = tree.inside(_kernels), tree.inside(_other_makers)
    yield {"INITRD": "Yes"} if others else NO_INITRAMFS
    new, replaced, gone, maker = tree.inside(partial(_changes, before))
    if not others:
        _make(tree, [*new, *replaced], maker)
        _link(tree, new)
    for kernel in gone:
        tree.remove(f"/boot/initrd.img-{_version(kernel)}")


def first_initramfs(tree: Tree) -> None:
    """Make one for each kernel of a system whose packages were all installed without."""
    new, _, _, maker = tree.inside(partial(_changes, {}))
    _make(tree, new, maker)
    _link(tree, new)


def renew_initramfs(tree: Tree) -> None:
    """Make those of a system anew that has some: files have changed that they are made of."""
    new, others, _, maker = tree.inside(partial(_changes, {}))
    del new  # which have none, and want none
    _make(tree, others, maker)


def _link(tree: Tree, kernels: Sequence[str]) -> None:
    """Make the links that the package of a kernel makes to it and to its initramfs."""
    for kernel in kernels:
        tree.chroot("sh", "-ec", _LINKS, "sh", _version(kernel), f"/boot/{kernel}")


def _make(tree: Tree, kernels: Sequence[str], maker: str) -> None:
    """Make an initramfs for kernels. `maker` as `_changes` returns it."""
    if not kernels:
        return
    env = _ALL_CORES | (_IN_MEMORY if tree.inside(_has_room_in_memory) else {})
    with package_cache(tree).listable(_MODULES):
        for kernel in kernels:
            if maker:
                tree.chroot(maker, _version(kernel), f"/boot/{kernel}", env=env)
            else:
                tree.chroot("update-initramfs", "-c", "-k", _version(kernel), env=env)


def _version(kernel: str) -> str:
    return kernel.partition("-")[2]


def _other_makers() -> list[str]:
    return [str(hook) for hook in _OTHER_MAKERS if os.access(hook, os.X_OK)]


def _has_room_in_memory() -> bool:
    """Return whether /run is in memory, with room for the largest initramfs and for others."""
    about = os.statvfs("/run")
    return os.path.ismount("/run") and about.f_bavail * about.f_frsize >= _ROOM


def _kernels() -> Kernels:
    """Return the kernels of the system."""
    found = {}
    for path in Path("/boot").glob("vmlinu[xz]-*"):
        about = path.stat()
        found[path.name] = (about.st_mtime_ns, about.st_size)
    return found


def _changes(before: Kernels) -> tuple[list[str], list[str], list[str], str]:
    """Return which kernels lack an initramfs, which have an old one, and which are gone.

    The last one is the program that makes it, or "" for update-initramfs.
    """
    after = _kernels()
    gone = sorted(before.keys() - after.keys())
    maker = "" if shutil.which("update-initramfs") else next(iter(_other_makers()), None)
    if maker is None:
        return [], [], gone, ""
    new = sorted(k for k in after if not Path(f"/boot/initrd.img-{_version(k)}").exists())
    replaced = sorted(k for k in after.keys() - set(new) if maker or after[k] != before.get(k))
    return new, replaced, gone, maker
