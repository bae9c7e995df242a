"""apt_upgrade: newer versions of all that a system has."""

from __future__ import annotations

from vmdsl.language.effects import Tree, TreeOperation
from vmdsl.language.handles import RootFs
from vmdsl.language.operation import Fact, operation, record
from vmdsl.operations.packages.apt import board_environment, change_packages


@operation
class AptUpgrade(TreeOperation):
    """The newest versions of all packages of a system."""

    reads_layout = False

    def summary(self) -> str:
        return "apt dist-upgrade"

    def network(self) -> str:
        return "the archives of the system"

    def apply(self, tree: Tree) -> None:
        """Upgrade; a kernel that comes or changes gets its initramfs at the end."""
        change_packages(self, tree, ["dist-upgrade"], board_environment(tree))


def apt_upgrade(root: RootFs, *, unless: Fact | None = None) -> None:
    """Install the newest version of each package that the sources have, as apt's `dist-upgrade`.

    It installs and removes others where the new versions need that. A system that
    `debootstrap()` makes is up to date with its own sources: it is of use after `apt_source()`, and
    for a system of a tarball.
    """
    record(AptUpgrade(root=root, unless=unless))
