"""Editors understand recipes: pyright is content in strict mode, and its language server helps."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import basedpyright
import pytest

import vmdsl
import vmdsl_stdlib
from language_server import editor
from vmdsl import programs

HERE = Path(__file__).parent
RECIPES = HERE.parents[1] / "recipes"
#: Functions of vmdsl with other defaults. Their types are inferred, and repeated nowhere.
INFERRED = {
    f"vmdsl_stdlib.vmdb2.{name}"
    for name in ("debootstrap", "grub_bios", "grub_ieee1275", "grub_uefi", "mount")
}
RECIPE = """\
from vmdsl import (
    Disk, Ext4, GiB, Gpt, MiB, Mounted, Partition, RootFs, flag, grub_uefi, mkext4, mkgpt, mkimg,
    mkpart, mount, option, step, step_if
)
from vmdsl_stdlib import debian

size = option(GiB(4), help="Size of the image.")
data = flag(default=False, help="A partition for data.")


@step
def disk() -> Disk:
    return mkimg(size=size())


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def root() -> Partition:
    \"\"\"The partition of Debian.\"\"\"
    return mkpart(table(), size=MiB(512), type="esp")


@step_if(data)
def more() -> Partition:
    return mkpart(table(), )


@step
def mounted() -> Mounted[Ext4]:
    return mount(mkext4(root(), block_size=1024))


@step
def system() -> RootFs:
    if (partition := more()) is not None:
        partition.
    root().
    mounted().filesystem.
    size().
    return debian(mounted())


@step
def boot_loader() -> None:
    grub_uefi(system(), )
"""


def pyright(*arguments: str, folder: Path) -> Any:
    """What pyright says as JSON. It takes vmdsl from the first Python on the PATH."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    command = [sys.executable, "-P", "-m", basedpyright.__name__, "--outputjson", *arguments]
    return json.loads(programs.run(command, cwd=folder, env={**os.environ, "PATH": path}).output)


def test_pyright_is_content_in_strict_mode(tmp_path: Path) -> None:
    """Recipes are checked as their authors would: in a folder of their own."""
    shutil.copytree(RECIPES, tmp_path / "recipes")
    shutil.copytree(HERE / "right", tmp_path / "right")
    library = Path(vmdsl_stdlib.__file__).parent
    settings = {
        "typeCheckingMode": "strict",
        "include": ["recipes", "right", str(library)],
        "exclude": [],
        "executionEnvironments": [{"root": "right"}, {"root": "recipes"}],
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    said = pyright(folder=tmp_path)
    assert [
        (found["file"], found["range"]["start"]["line"] + 1, found["message"])
        for found in said["generalDiagnostics"]
    ] == []
    files = [path for folder in (tmp_path, library) for path in folder.rglob("*.py")]
    assert said["summary"]["filesAnalyzed"] >= len(files)


@pytest.mark.parametrize(
    ("package", "public"),
    [("vmdsl", ("vmdsl.language.", "vmdsl.errors.", "vmdsl.values.")), ("vmdsl_stdlib", ("",))],
)
def test_public_names_have_types(package: str, public: tuple[str, ...], tmp_path: Path) -> None:
    """Every exported name, and all that it refers to, says its types: nothing is inferred."""
    said = pyright("--verifytypes", package, "--ignoreexternal", folder=tmp_path)
    symbols = {found["name"]: found for found in said["typeCompleteness"]["symbols"]}
    exported = {
        name for name in symbols if name.count(".") == 1 or name.startswith(public)
    } - INFERRED
    functions = vmdsl.__all__ if package == "vmdsl" else vmdsl_stdlib.__all__
    assert len(exported) >= len(functions) * 0.4
    assert [symbols[name] for name in exported if not symbols[name]["isTypeKnown"]] == []


HOVER = {
    "MiB(512)": "1024² bytes",
    "mkpart(table(), size": "a multiple of a sector",
    "mkext4(root()": "`bytes_per_inode` are in bytes",
    "mount(mkext4": "-> Mounted[",
    "grub_uefi(system": "`timeout` is in seconds",
    "debian(mounted()": "`kernel` is `generic`, for all machines",
    "root()": "The partition of Debian.",
    "mounted().": "Step[Mounted[Ext4]]",
    "size().": "size() -> Size",
}
COMPLETIONS = {
    "    root().": {"size", "type", "label", "flags", "table"},
    "partition.": {"size", "type", "label", "flags", "table"},
    "mounted().filesystem.": {"device", "label", "block_size"},
    "size().": {"bytes"},
    "def more() -> Partition:\n    return mkpart(table(), ": {"size=", "start=", "end=", "type="},
    "grub_uefi(system(), ": {"secure_boot=", "timeout=", "quiet="},
    "mkext4(root(), ": {"inode_size=", "label="},
    'type="': {'"esp"', '"linux"'},
}


def test_language_server(tmp_path: Path) -> None:
    """In one test, as a server takes a second to start."""
    recipe = tmp_path / "recipe.py"
    recipe.write_text(RECIPE, encoding="utf-8")
    with editor(recipe) as opened:
        shown = {code: opened.hover(code) for code in HOVER}
        offered = {code: set(opened.completions(code)) for code in COMPLETIONS}
        signature = opened.signature("mkpart(")
    assert {code: text for code, text in shown.items() if HOVER[code] not in text} == {}
    assert {code: COMPLETIONS[code] - offered[code] for code in COMPLETIONS} == {
        code: set() for code in COMPLETIONS
    }
    assert "size: Size | None = None" in signature
    assert signature.endswith("-> Partition")
