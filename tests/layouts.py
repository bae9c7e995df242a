"""The disks of integration/recipes/layouts.py, built once for all tests of a run."""

from __future__ import annotations

import runpy
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sharing import Run
from users import REPOSITORY, User

RECIPE = "tests/integration/recipes/layouts.py"


@dataclass(frozen=True)
class Built:
    """A row of the recipe's table, which the recipe explains, and its image."""

    row: Any
    image: Path


def build_layouts(run: Run, user: User, *, every: int) -> dict[str, Built]:
    """Build each of them whose number is a multiple of `every`, unless another process has."""
    folder = user.home / f"layouts-{every}"
    table: dict[str, Any] = runpy.run_path(str(REPOSITORY / RECIPE))["ROWS"]
    rows = [*table.items()][::every]
    found = {name: Built(row, folder / f"{name}.img") for name, row in rows}

    def build() -> None:
        made = user.folder("layouts")
        made.rename(folder)
        with tarfile.open(folder / "tiny.tar", "w") as tarball:
            for name in ("./etc", "./usr"):
                entry = tarfile.TarInfo(name)
                entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o755, 1_700_000_000
                tarball.addfile(entry)
        (folder / "tiny.tar").chmod(0o644)
        for name, built in found.items():
            words = ("--row", name, "--seed", name, "--tarball", folder / "tiny.tar")
            done = user.build(user.checkout / RECIPE, *words, "--output", built.image)
            assert done.returncode == 0, done.stdout

    run.once(folder.name, build)
    return found
