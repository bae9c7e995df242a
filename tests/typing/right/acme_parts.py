"""A library of plain functions, as a package of a third party would be."""

from typing import Any

from vmdsl import Ext4, Gpt, MiB, Mounted, RootFs, create_file, mkext4, mkpart, mount


def log_partition(table: Gpt, on: Mounted[Any]) -> Mounted[Ext4]:
    """A partition of its own for /var/log."""
    return mount(mkext4(mkpart(table, size=MiB(512), label="log")), "/var/log", on=on)


def hostname(root: RootFs, name: str) -> None:
    """Give the machine its name."""
    create_file(root, "/etc/hostname", f"{name}\n")
    create_file(root, "/etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {name}\n")
