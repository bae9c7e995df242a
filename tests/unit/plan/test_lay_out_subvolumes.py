"""Subvolumes in a plan: their paths, how mounts name them, and how files are compressed."""

from __future__ import annotations

from pathlib import Path

from plans import plan_of
from vmdsl.language.layout import Layout
from vmdsl.operations.boot_loaders.grub.core import prefix
from vmdsl.operations.files.fstab import fstab_text
from vmdsl.review.describe import describe
from vmdsl.review.outline import write

RECIPE = """
from vmdsl import *
from vmdsl_stdlib import mount_like_fedora, mount_like_opensuse

@step
def table() -> Gpt:
    return mkgpt(mkimg(GiB(8)))

@step
def data() -> Btrfs:
    return mkbtrfs(mkpart(table(), size=GiB(4)))

@step
def root() -> Mounted[Any]:
    return {root}

@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")
"""


def layout_of(path: Path, root: str) -> Layout:
    recipe = path / "r.py"
    recipe.write_text(f"from typing import Any\n{RECIPE.format(root=root)}")
    return plan_of(recipe).layout


def fields(layout: Layout) -> dict[str, str]:
    """The options of fstab, by the place."""
    lines = [line.split() for line in fstab_text(layout).splitlines()]
    return {line[1]: line[3] for line in lines}


def test_the_layout_of_fedora(tmp_path: Path) -> None:
    layout = layout_of(tmp_path, "mount_like_fedora(data())")
    assert fields(layout) == {
        "/": "compress=zstd:1,subvol=/root",
        "/home": "compress=zstd:1,subvol=/home",
    }
    (made,) = layout.filesystems
    assert made.compression == "zstd:1"
    assert prefix(layout) == "/root/boot/grub"


def test_the_layout_of_opensuse(tmp_path: Path) -> None:
    """Its root is the default subvolume, which fstab does not name; GRUB's paths do."""
    layout = layout_of(tmp_path, "mount_like_opensuse(data())")
    apart = ("home", "opt", "root", "srv", "usr/local", "var")
    assert fields(layout) == {
        "/": "defaults",
        "/.snapshots": "defaults,subvol=/@/.snapshots",
        **{f"/{name}": f"defaults,subvol=/@/{name}" for name in apart},
    }
    assert prefix(layout) == "/@/.snapshots/1/snapshot/boot/grub"
    assert layout.filesystems[0].compression == ""


def test_the_top_level_is_named_beside_a_default(tmp_path: Path) -> None:
    layout = layout_of(
        tmp_path,
        'mount(data(), "/", options=("compress",)) if subvolume(data(), "a", default=True) else 0',
    )
    assert fields(layout) == {"/": "compress,subvol=/"}
    assert layout.filesystems[0].compression == "zlib"
    assert prefix(layout) == "/boot/grub"


def test_plans_show_subvolumes(tmp_path: Path) -> None:
    recipe = tmp_path / "r.py"
    recipe.write_text(f"from typing import Any\n{RECIPE.format(root='mount_like_fedora(data())')}")
    plan = plan_of(recipe)
    text = write(describe(plan))
    assert "    subvolumes:\n      - /root\n      - /home\n    compressed: zstd:1\n" in text
    assert "/home in btrfs of data at /home" in text
