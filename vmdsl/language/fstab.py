"""/etc/fstab, from the layout."""

from __future__ import annotations

from dataclasses import dataclass

from vmdsl.language.handles import Ext, RootFs, Swap, Vfat
from vmdsl.language.layout import Layout, MountLayout
from vmdsl.language.operations import Tree, TreeOperation
from vmdsl.language.recording import record

#: Their programs for fsck do nothing: the kernel looks after them when they are mounted.
_NOT_CHECKED = ("xfs", "btrfs")


@dataclass(frozen=True, kw_only=True, eq=False)
class Fstab(TreeOperation):
    """/etc/fstab with every mount and every swap of the recipe."""

    def summary(self) -> str:
        return "write /etc/fstab"

    def apply(self, tree: Tree) -> None:
        tree.write("/etc/fstab", fstab_text(tree.layout))
        for mount in tree.layout.mounts:
            tree.mkdir(str(mount.path))


def fstab(root: RootFs) -> None:
    """Write /etc/fstab: all that the recipe mounts and its swap, by UUID."""
    record(Fstab(root=root))


def fstab_text(layout: Layout) -> str:
    """The text of /etc/fstab. fsck looks at the root first, at what else it can then."""
    rows = [_row(m) for m in sorted(layout.mounts, key=lambda m: m.path)]
    rows += [
        f"UUID={f.uuid} none swap sw 0 0"
        for f in layout.filesystems
        if isinstance(f.filesystem, Swap)
    ]
    return "".join(f"{row}\n" for row in rows)


def _row(mount: MountLayout) -> str:
    root = str(mount.path) == "/"
    filesystem = mount.filesystem.filesystem
    options = "defaults"
    if isinstance(filesystem, Vfat):
        options = "umask=0077"
    elif root and isinstance(filesystem, Ext):
        options = "errors=remount-ro"
    turn = 0 if filesystem.kind in _NOT_CHECKED else 1 if root else 2
    path = str(mount.path).replace("\\", r"\134").replace(" ", r"\040").replace("\t", r"\011")
    return f"UUID={mount.filesystem.uuid} {path} {filesystem.kind} {options} 0 {turn}"
