"""An operation: the inventory of an image."""

from __future__ import annotations

from dataclasses import dataclass

from vmdsl import RootFs, Tree, TreeOperation, record, require


@dataclass(frozen=True, kw_only=True, eq=False)
class Inventory(TreeOperation):
    """A file in the image that lists the packages in it."""

    reads_layout = False
    installs_anything = False

    path: str

    def summary(self) -> str:
        return f"write the inventory {self.path}"

    def apply(self, tree: Tree) -> None:
        status = tree.read("/var/lib/dpkg/status").decode().splitlines()
        names = [line.removeprefix("Package: ") for line in status if line.startswith("Package: ")]
        tree.write(self.path, "".join(f"{name}\n" for name in sorted(names)))


def write_inventory(system: RootFs, path: str = "/etc/acme/packages") -> None:
    """List the packages that the system has at this step in a file of the image."""
    require(path.startswith("/"), f"{path} does not begin with /")
    record(Inventory(root=system, path=path))
