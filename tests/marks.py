"""Has the modules of vmdsl mark their lines, in each process of tests that are measured.

Python imports this when it starts, so it imports little. `measured.py` says what it is for.
"""

from __future__ import annotations

import builtins
import marshal
import os
from importlib.machinery import SourceFileLoader
from mmap import mmap
from pathlib import Path
from types import CodeType

#: The variable of the environment that names the folder of a run that is measured.
FOLDER = "VMDSL_MEASURED"
#: The marks, one byte a line, under a name that all modules know.
MARKS = "__marks__"
CHECKOUT = Path(__file__).parents[1]
SOURCES = ("vmdsl", "stdlib")


def own_folder() -> Path:
    """Return the folder of this checkout in that of the run."""
    return Path(os.environ[FOLDER], str(CHECKOUT).replace("/", "%"))


def compiled(folder: Path, source: Path, status: os.stat_result) -> Path:
    """Return the place of a module's code with marks, where nothing is once it has changed."""
    name = str(source).replace("/", "%")
    return folder / f"{name}-{status.st_size}-{status.st_mtime_ns}"


def start() -> None:
    """Have what is imported from now on mark its lines."""
    folder = own_folder()
    if not folder.exists():  # yet
        return
    with (folder / "marks").open("r+b") as marks:
        setattr(builtins, MARKS, mmap(marks.fileno(), 0))
    tops = tuple(f"{CHECKOUT}/{top}/" for top in SOURCES)
    plain = SourceFileLoader.get_code

    def get_code(loader: SourceFileLoader, name: str) -> CodeType | None:
        path = loader.get_filename(name)
        if path.startswith(tops):
            marking = compiled(folder, Path(path), Path(path).stat())
            if marking.exists():
                code: CodeType = marshal.loads(marking.read_bytes())  # noqa: S302 (our own)
                return code
        return plain(loader, name)

    SourceFileLoader.get_code = get_code  # type: ignore[assignment]  # that of a base class
