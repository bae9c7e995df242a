"""Functions that steps of Acme's recipes call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vmdsl import (
    Ext4,
    Mounted,
    RootFs,
    Size,
    Suite,
    mkext4,
    mkimg,
    mkmsdos,
    mkpart,
    mount,
    system_from,
)
from vmdsl_stdlib import debian


def acme_root(size: Size) -> Mounted[Ext4]:
    """Return the root filesystem of a disk that boots on a BIOS."""
    return mount(mkext4(mkpart(mkmsdos(mkimg(size)), flags=("boot",)), label="acme"))


def acme_system(root: Mounted[Any], suite: Suite, tarball: Path | None = None) -> RootFs:
    """Install Debian with a kernel and GRUB, or take the system from a tarball."""
    if tarball:
        return system_from(root, tarball, suite=suite)
    return debian(root, "grub-pc", suite=suite)
