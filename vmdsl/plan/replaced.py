"""Functions that a recipe gets in place of those that may give something else in each run."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import ModuleType
from typing import Any, Self

from vmdsl.language.operation import Refused
from vmdsl.plan.reading import active, is_for_recipe, refuse, report
from vmdsl.plan.sources import ARGUMENTS, CLOCK, MACHINE, TIMES, Source, source_of_path

_frame = sys._getframe  # noqa: SLF001 (a documented, CPython-wide function)
_listdir, _scandir = os.listdir, os.scandir
_SAME_FILE = "samestat"


def _report_if_read(source: Source | None) -> None:
    """Report that the caller's caller reads something, if that is for the recipe."""
    if source is not None and active and is_for_recipe(caller := _frame(2)):
        report(source, caller)


def _report_path(path: object) -> None:
    if active and is_for_recipe(caller := _frame(2)):
        source = source_of_path(path, active[-1].recipe.parent)
        if source is not None:
            report(source, caller)


class _Status:
    """The status of a file, of which only its kind, mode and size are the same everywhere."""

    def __init__(self, status: os.stat_result) -> None:
        self._status = status

    def __getitem__(self, index: Any) -> Any:
        if index not in (stat.ST_MODE, stat.ST_SIZE):
            is_time = index in (stat.ST_ATIME, stat.ST_MTIME, stat.ST_CTIME)
            _report_if_read(TIMES if is_time else MACHINE)
        return self._status[index]

    def __getattr__(self, name: str) -> Any:
        is_same = not name.startswith("st_") or name in ("st_mode", "st_size")
        if not is_same and _frame(1).f_code.co_name != _SAME_FILE:
            _report_if_read(TIMES if "time" in name else MACHINE)
        return getattr(self._status, name)


def _shown(function: Callable[..., os.stat_result]) -> Callable[..., Any]:
    """Return a function for the status of a file that reports if a recipe reads its times."""

    @wraps(function)
    def read(*arguments: Any, **options: Any) -> Any:
        status = function(*arguments, **options)
        if not active or not is_for_recipe(_frame(1)):
            return status
        _report_path(arguments[0] if arguments else None)
        return _Status(status)

    return read


class _Entry:
    """An entry of a directory as os.scandir() gives it, but for its status."""

    def __init__(self, entry: os.DirEntry[Any]) -> None:
        self._entry = entry

    def __fspath__(self) -> Any:
        return self._entry.path

    def __getattr__(self, name: str) -> Any:
        if name == "inode":
            _report_if_read(MACHINE)
        return getattr(self._entry, name)

    def stat(self, *, follow_symlinks: bool = True) -> Any:
        """Return the status of the file."""
        status = self._entry.stat(follow_symlinks=follow_symlinks)
        return _Status(status) if active and is_for_recipe(_frame(1)) else status


class _SortedEntries:
    """The entries of a directory as os.scandir() gives them, in the order of their names."""

    def __init__(self, entries: Iterable[os.DirEntry[Any]]) -> None:
        self._entries = map(_Entry, sorted(entries, key=lambda entry: entry.name))

    def __iter__(self) -> Iterator[_Entry]:
        return self._entries

    def __next__(self) -> _Entry:
        return next(self._entries)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Forget the rest."""
        self._entries = map(_Entry, ())


def _sorted_listdir(path: Any = None) -> list[Any]:
    _report_path(path)
    return sorted(_listdir(path))


def _sorted_scandir(path: Any = None) -> _SortedEntries:
    _report_path(path)
    with _scandir(path) as entries:
        return _SortedEntries(entries)


def _with_time(function: Callable[..., Any], last: int) -> Callable[..., Any]:
    """Return a function that reports if it reads the clock, as its `last` argument is missing."""

    @wraps(function)
    def read(*arguments: Any) -> Any:
        if arguments[last - 1 : last] in ((), (None,)):
            _report_if_read(CLOCK)
        return function(*arguments)

    return read


class _Arguments(list[str]):
    """The words of the command line, which are for vmdsl and not for the recipe."""

    def __getitem__(self, index: Any) -> Any:
        self._report()
        return super().__getitem__(index)

    def __iter__(self) -> Iterator[str]:
        self._report()
        return super().__iter__()

    def __len__(self) -> int:
        self._report()
        return super().__len__()

    def _report(self) -> None:
        if active and is_for_recipe(caller := _frame(2)):
            report(ARGUMENTS, caller)
            raise Refused(ARGUMENTS.name)


class _Input:
    """The standard input, which is for vmdsl and not for the recipe."""

    def __iter__(self) -> Iterator[str]:
        self._refuse()
        return iter(sys.__stdin__ or ())

    def __getattr__(self, name: str) -> Any:
        self._refuse()
        return getattr(sys.__stdin__, name)

    def _refuse(self) -> None:
        if active and is_for_recipe(_frame(2)):
            refuse(
                "the recipe reads the standard input while it is read",
                'declare an option: name = option("debian", help="…"), and read it by name()',
                code="effect",
            )


#: Lists of directories are sorted, so also those of glob, os.walk() and Path.iterdir(), as the
#: order of the disk differs between machines. Other functions read the clock only if they get no
#: time, or give the time of a file among other things.
_INSTEAD_OF: dict[ModuleType, dict[str, Any]] = {
    os: {
        "listdir": _sorted_listdir,
        "scandir": _sorted_scandir,
        **{c.__name__: _shown(c) for c in (os.stat, os.lstat, os.fstat)},
    },
    sys: {"argv": _Arguments(sys.argv), "stdin": _Input()},
    time: {
        "strftime": _with_time(time.strftime, 2),
        **{
            c.__name__: _with_time(c, 1)
            for c in (time.localtime, time.gmtime, time.ctime, time.asctime)
        },
    },
}
#: Modules that are imported meanwhile ask which of them take numbers of open files, and so on.
for _names in (os.supports_fd, os.supports_dir_fd, os.supports_follow_symlinks):
    _names.update(new for name, new in _INSTEAD_OF[os].items() if getattr(os, name) in _names)


@contextmanager
def replaced() -> Iterator[None]:
    """Put other functions in place of those that may give something else in each run."""
    before = {module: {n: vars(module)[n] for n in names} for module, names in _INSTEAD_OF.items()}
    for module, names in _INSTEAD_OF.items():
        vars(module).update(names)
    try:
        yield
    finally:
        for module, names in before.items():
            vars(module).update(names)


@contextmanager
def in_utc() -> Iterator[None]:
    """Make local time the same everywhere, as in a build."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()
