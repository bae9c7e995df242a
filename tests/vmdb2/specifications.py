"""Real specifications: where they are, and what of a plan must be the same on both ways."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from vmdsl.errors import RecipeError
from vmdsl.plan.plan import Plan
from vmdsl.review.data import plan_json
from vmdsl.vmdb2.load import Loaded, load_specification

#: The folder with the specifications. CI sets it.
CORPUS = os.environ.get("VMDSL_CORPUS", "")
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def corpus() -> list[Path]:
    """All specifications, in order; none where there is no corpus."""
    if not CORPUS:
        return []
    return sorted(p for p in Path(CORPUS).iterdir() if p.is_file() and p.suffix != ".md")


@dataclass(frozen=True)
class Prepared:
    """A copy of a specification in a directory that has the local files that it names."""

    origin: Path
    file: Path

    @property
    def directory(self) -> Path:
        """Where vmdb2 would be started."""
        return self.file.parent

    def load(self) -> Loaded:
        """Read and translate it, as the command line does. Raises RecipeError."""
        return load(self.file)


def load(file: Path) -> Loaded:
    """A specification as a recipe, where its image is `disk.img`, and its tarball isn't there."""
    image = file.parent / "disk.img"
    if not image.exists():
        with image.open("wb") as made:
            made.truncate(4 * 2**30)  # for those that partition an image that exists
    return load_specification(
        file.read_text(encoding="utf-8"),
        file,
        directory=file.parent,
        variables={"output": "disk.img", "image": "disk.img", "rootfs_tarball": "rootfs.tar"},
        lenient=True,
    )


def prepared(origin: Path, directory: Path) -> Prepared:
    """A copy, with stand-ins for its local files. One that is no YAML names none.

    Files elsewhere on its author's machine are relative ones in the copy.
    """
    directory.mkdir()
    copy = directory / f"{re.sub(r'[^A-Za-z0-9]', '_', origin.name)}.vmdb"
    text = origin.read_text(encoding="utf-8")
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, RecipeError):
        content = None
    _stand_in(directory / "rootfs.tar", "")
    for step in content.get("steps") or () if isinstance(content, dict) else ():
        for key in ("src", "playbook", "keyring", "config_file", "key-file"):
            name = step.get(key)
            if not isinstance(name, str) or Path(name).exists():
                continue
            text = text.replace(name, name.lstrip("/"))
            kind = "copy-dir" if "copy-dir" in step else key
            _stand_in(directory / name.lstrip("/"), kind)
    copy.write_text(text, encoding="utf-8")
    return Prepared(origin, copy)


def _stand_in(path: Path, kind: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "copy-dir":
        path.mkdir(exist_ok=True)
        path /= "file"
    if kind == "keyring":
        shutil.copyfile(_KEYRING, path)
    else:
        path.write_text("- hosts: image\n", encoding="utf-8")


def meaning(plan: Plan) -> dict[str, Any]:
    """All of a plan but where it was written, and how steps that make nothing are called."""
    found = json.loads(plan_json(plan))
    del found["recipe"], found["options"]
    for kind in ("obstacles", "warnings"):  # which have places
        found.pop(kind, None)
    for operation in found["operations"]:
        del operation["line"]
        operation.pop("reads", None)  # of a playbook all that is beside it, such as exported ones
        if operation["phase"] != "layout":
            del operation["step"]
    return found  # type: ignore[no-any-return]
