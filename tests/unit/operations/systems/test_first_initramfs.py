"""Kernels that a bootstrap brings get their initramfs when all packages are there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import create_autospec

import pytest

from vmdsl.language.effects import PackageCache
from vmdsl.operations.packages import initramfs
from vmdsl.operations.systems.mmdebstrap import Debootstrap


class Tree(PackageCache):
    """The package cache of a tree with kernels."""


@pytest.mark.parametrize("kernels", [[], ["vmlinuz-6.1-amd64"], ["vmlinux-6.12-riscv64"]])
def test_each_kernel_gets_one(kernels: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    tree: Any = create_autospec(Tree, instance=True)
    ran: list[tuple[str, ...]] = []

    @contextmanager
    def listable(path: str) -> Iterator[None]:
        ran.append(("listable", path))
        yield

    tree.inside = lambda function: function()
    tree.chroot = lambda *command, **_: ran.append(command[:4])
    tree.listable = listable
    monkeypatch.setattr(initramfs, "_changes", lambda _before: (kernels, [], [], ""))
    monkeypatch.setattr(initramfs, "_has_room_in_memory", lambda: False)
    Debootstrap.complete(create_autospec(Debootstrap, instance=True), tree)
    made = [command for command in ran if command[0] == "update-initramfs"]
    versions = [kernel.partition("-")[2] for kernel in kernels]
    assert made == [("update-initramfs", "-c", "-k", version) for version in versions]
    assert (("listable", "/usr/lib/modules") in ran) == bool(kernels)
