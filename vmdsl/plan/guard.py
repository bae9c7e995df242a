"""Keeps the evaluation of a recipe free of effects, and the same each time.

It may only record operations, and nothing that changes from run to run may decide on them: chance,
the clock, the environment.

A guard against accidents, not a wall: confining a stranger's code is the operating system's work.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys
import sysconfig
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import CoroutineType, FrameType, FunctionType, ModuleType
from typing import Any, NoReturn, Self

from vmdsl.language.operation import NeverText, Recorder, Refused
from vmdsl.language.secret import Secret
from vmdsl.plan.kinds import operations, wrong_kind

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_EVENTS = {
    **dict.fromkeys(
        (
            "subprocess.Popen",
            "os.system",
            "os.exec",
            "os.posix_spawn",
            "os.spawn",
            "os.fork",
            "os.forkpty",
            "pty.spawn",
        ),
        "starts a program",
    ),
    **dict.fromkeys(
        ("socket.__new__", "socket.connect", "socket.bind", "socket.getaddrinfo"),
        "uses the network",
    ),
    **dict.fromkeys(
        (
            *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink"),
            *("os.truncate", "os.chmod", "os.chown", "os.utime", "os.setxattr", "os.removexattr"),
        ),
        "changes files",
    ),
    **dict.fromkeys(("os.kill", "os.killpg", "signal.pthread_kill"), "sends a signal"),
    "builtins.input": "asks a question",
    "os.chdir": "changes the working directory",
    "os.putenv": "changes the environment",
    "os.unsetenv": "changes the environment",
}
_HINT = "a recipe only says what is wanted; chroot() and host_shell() do things, when it is built"
_CHANCE = "random numbers"
_CLOCK = "the clock"
_ENVIRONMENT = "the environment"
_MACHINE = "properties of this machine"
_ARGUMENTS = "the command line"
_MEMORY = "addresses in memory"
_UNCHECKED = "code that mypy cannot check"
_INSTEAD = {
    _UNCHECKED: "write it as plain Python, without exec() and eval()",
    _CHANCE: "a recipe gives the same image each time: write the value, or declare an option",
    _CLOCK: "a recipe gives the same image each time: declare an option for the date",
    _ENVIRONMENT: "declare an option; if it is a secret, write Secret.from_environment()",
    _MEMORY: "they differ in each run: use names instead",
    _MACHINE: "a recipe gives the same image on each machine: declare an option",
    _ARGUMENTS: 'declare an option: name = option("debian", help="…"), and read it by name()',
}
#: C functions that a recipe must not call, and no audit event reports them.
_SOURCES: dict[Callable[..., object], str] = {
    exec: _UNCHECKED,
    eval: _UNCHECKED,
    os.urandom: _CHANCE,
    os.getrandom: _CHANCE,
    id: _MEMORY,
    **dict.fromkeys(
        (
            *(time.time, time.time_ns, time.monotonic, time.monotonic_ns, time.perf_counter),
            *(time.perf_counter_ns, time.process_time, time.process_time_ns, time.clock_gettime),
            *(dt.datetime.now, dt.datetime.utcnow, dt.datetime.today),
            dt.date.today,
        ),
        _CLOCK,
    ),
    **dict.fromkeys(
        (
            *(os.uname, os.cpu_count, os.getloadavg, os.getlogin, os.getpid, os.getppid),
            *(os.getuid, os.geteuid, os.getgid, os.getegid, os.getcwd),
        ),
        _MACHINE,
    ),
}
#: Further ones, of modules that are loaded only if a recipe uses them.
_SOURCES_OF = {
    ("_socket", "gethostname"): _MACHINE,
    ("_uuid", "generate_time_safe"): _CHANCE,
    **dict.fromkeys((("pwd", name) for name in ("getpwuid", "getpwnam", "getpwall")), _MACHINE),
    **dict.fromkeys((("grp", name) for name in ("getgrgid", "getgrnam", "getgrall")), _MACHINE),
}
#: C functions that end this process, which no audit event reports either.
_ENDS = {os._exit, os.abort, signal.raise_signal}
#: C functions that start a thread, where nothing is recorded, and functions that run an event loop.
_THREADS = ("start_new_thread", "start_joinable_thread")
_LOOPS = ("run", "new_event_loop")
#: The names of functions in Python that are looked at.
_IN_PYTHON = {"__repr__", "uname", "expandvars", *_LOOPS}
#: Most calls are known by their name not to matter.
_NAMES = {
    *("seed", "random", "getrandbits", *_THREADS),
    *(c.__name__ for c in (*_SOURCES, *_ENDS)),
    *(name for _, name in _SOURCES_OF),
}
_ENVIRON = type(os.environ)
#: Every way to read the environment calls one of these.
_READS_ENVIRON = frozenset(
    id(function.__code__)
    for function in (_ENVIRON.__getitem__, _ENVIRON.__iter__, _ENVIRON.__len__, _ENVIRON.copy)
)
#: Modules that get what is refused for those who call them.
_BETWEEN = ("os", "collections.abc", "random", "secrets", "uuid", "getpass", "platform", "argparse")
#: Modules that start threads for those who call them.
_OF_THREADS = ("threading", "concurrent.futures.thread", "concurrent.futures._base")
_INSTALLED = tuple(
    f"{sysconfig.get_path(name)}/" for name in ("stdlib", "platstdlib", "purelib", "platlib")
)
_operations: dict[int, FunctionType] = {}
_active: list[Recorder] = []
_installed: list[bool] = []
#: The recipes that have given the module random a seed.
_seeded: set[str] = set()


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if not _active:
        return
    deed = _EVENTS.get(event)
    if event == "open":
        path, _, flags = arguments
        if isinstance(flags, int) and flags & _WRITES and path != os.devnull:
            deed = f"writes the file {path}"
    if deed is not None:
        _refuse(f"the recipe {deed} while it is read ({event})", _HINT)


def _refuse(what: str, hint: str, code: str = "effect") -> NoReturn:
    """Report a deed of the recipe, in place of what it read for that, and end its step."""
    recorder, where = _active[-1], _active[-1].where()
    others = ("not-repeatable", code)
    recorder.problems[:] = [
        p for p in recorder.problems if p.where != where or p.code not in others
    ]
    recorder.problem(what, hint, code=code)
    raise Refused(what)


def _watch(frame: FrameType, event: str, called: Any) -> None:
    """Refuse what no audit event reports, and wrong arguments. Called by Python at each call."""
    source, ends, deed, caller = "", False, "", frame
    if event == "c_call":
        if called.__name__ not in _NAMES:
            return
        source = (
            _SOURCES.get(called)
            or _SOURCES_OF.get((called.__module__, called.__name__))
            or (_CHANCE if _is_chance(frame, called) else "")
        )
        ends = called in _ENDS
        deed = "starts a thread" if called.__name__ in _THREADS else ""
    elif event == "call":
        if id(frame.f_code) in _READS_ENVIRON:
            source = _ENVIRONMENT
        elif frame.f_code.co_name in _IN_PYTHON:
            source, deed = _source_in_python(frame)
            caller = frame.f_back or frame
        function = _operations.get(id(frame.f_code))
        if function and (mistake := wrong_kind(function, frame.f_locals)):
            _active[-1].problem(mistake.what, mistake.hint, code=mistake.code, kind=type(mistake))
            raise Refused(mistake.what)
    between = (*_BETWEEN, *_OF_THREADS) if deed else _BETWEEN
    if not (source or ends or deed) or not _is_for_recipe(caller, _active[-1], between):
        return
    if deed:
        _refuse(f"the recipe {deed} while it is read", "call the functions one after the other")
    if ends:
        what = f"the recipe ends vmdsl itself ({called.__name__})"
        _refuse(what, "require(False, message) refuses the recipe with a message", "exits")
    _report(source, frame)


def _source_in_python(frame: FrameType) -> tuple[str, str]:
    """Return what a function in Python reads, and what it does, if a recipe must not call it."""
    name, module = frame.f_code.co_name, frame.f_globals.get("__name__", "")
    if name == "__repr__":
        _refuse_text(frame)
    elif name == "uname" and module == "platform":  # it remembers what os.uname() said
        return _MACHINE, ""
    elif name == "expandvars" and "$" in os.fsdecode(frame.f_locals.get("path", "")):
        return _ENVIRONMENT, ""
    elif name in _LOOPS and module.startswith("asyncio."):
        if isinstance(main := frame.f_locals.get("main"), CoroutineType):
            main.close()  # else Python warns that this coroutine never runs
        return "", "runs an event loop"
    return "", ""


def _report(source: str, frame: FrameType) -> None:
    """Report what changes from run to run, and stop before a variable is missing.

    A module between that reads it may expect that.
    """
    what = f"the recipe {'runs' if source == _UNCHECKED else 'reads'} {source}"
    code = "unchecked-code" if source == _UNCHECKED else "not-repeatable"
    recorder = _active[-1]
    if (recorder.where(), code) not in {(p.where, p.code) for p in recorder.problems}:
        recorder.problem(what, _INSTEAD[source], code=code)
    caller = frame.f_back.f_globals.get("__name__") if frame.f_back else None
    is_read = source == _ENVIRONMENT and frame.f_code.co_name == "__getitem__"
    if is_read and caller not in _BETWEEN and frame.f_locals["key"] not in os.environ:
        raise Refused(what)


def _is_chance(frame: FrameType, called: Any) -> bool:
    """Return whether a method of the module random is called on a generator without a seed."""
    shared = getattr(sys.modules.get("random"), "_inst", called)
    if called.__name__ == "seed":
        if frame.f_globals.get("__name__") != "random":
            return False
        is_chance = frame.f_locals.get("a") is None
        if frame.f_locals.get("self") is shared and _is_for_recipe(frame, _active[-1]):
            (_seeded.discard if is_chance else _seeded.add)(str(_active[-1].recipe))
        return is_chance
    if called.__name__ not in ("random", "getrandbits"):
        return False
    return called.__self__ is shared and str(_active[-1].recipe) not in _seeded


def _refuse_text(frame: FrameType) -> None:
    """Refuse that the recipe makes text of a handle or a declaration by its repr()."""
    value, caller = frame.f_locals.get("self"), frame.f_back
    while caller is not None and caller.f_globals.get("__name__") in ("dataclasses", "reprlib"):
        caller = caller.f_back
    if isinstance(value, NeverText | Secret) and caller and _is_of_recipe(caller, _active[-1]):
        format(value)


def _is_for_recipe(
    frame: FrameType | None, recorder: Recorder, between: Collection[str] = _BETWEEN
) -> bool:
    """Return whether the recipe, or a module beside it, called what runs in a frame.

    Others need the clock and the environment for their own purposes.
    """
    while frame is not None and frame.f_globals.get("__name__") in between:
        frame = frame.f_back
    return frame is not None and _is_of_recipe(frame, recorder)


def _is_of_recipe(frame: FrameType, recorder: Recorder) -> bool:
    """Return whether a frame runs code of the recipe, or of a module beside it."""
    file = frame.f_code.co_filename
    return file == str(recorder.recipe) or (
        file.startswith(f"{recorder.recipe.parent}/")
        and not file.startswith(_INSTALLED)
        and "-packages/" not in file
        and frame.f_globals.get("__name__", "").partition(".")[0] not in ("vmdsl", "vmdsl_stdlib")
    )


class _SortedEntries:
    """The entries of a directory as os.scandir() gives them, in the order of their names."""

    def __init__(self, entries: Iterable[os.DirEntry[Any]]) -> None:
        self._entries = iter(sorted(entries, key=lambda entry: entry.name))

    def __iter__(self) -> Iterator[os.DirEntry[Any]]:
        return self._entries

    def __next__(self) -> os.DirEntry[Any]:
        return next(self._entries)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Forget the rest."""
        self._entries = iter(())


_listdir, _scandir = os.listdir, os.scandir


def _sorted_listdir(path: Any = None) -> list[Any]:
    return sorted(_listdir(path))


def _sorted_scandir(path: Any = None) -> _SortedEntries:
    with _scandir(path) as entries:
        return _SortedEntries(entries)


#: Modules that are imported meanwhile ask whether these take numbers of open files.
os.supports_fd.update((_sorted_listdir, _sorted_scandir))


def _with_time(function: Callable[..., Any], last: int) -> Callable[..., Any]:
    """Return a function that reports if it reads the clock, as its `last` argument is missing."""

    @wraps(function)
    def read(*arguments: Any) -> Any:
        if _active and arguments[last - 1 : last] in ((), (None,)):
            caller = sys._getframe(1)  # noqa: SLF001 (a documented, CPython-wide function)
            if _is_for_recipe(caller, _active[-1]):
                _report(_CLOCK, caller)
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
        if _active and _is_for_recipe(caller := sys._getframe(2), _active[-1]):  # noqa: SLF001 (documented)
            _report(_ARGUMENTS, caller)
            raise Refused(_ARGUMENTS)


#: C functions that a recipe gets another one for: lists of directories are sorted, so also those of
#: glob, os.walk() and Path.iterdir(), as the order of the disk differs between machines; and what
#: reads the clock only if it gets no time.
_INSTEAD_OF: dict[ModuleType, dict[str, Any]] = {
    os: {"listdir": _sorted_listdir, "scandir": _sorted_scandir},
    sys: {"argv": _Arguments(sys.argv)},
    time: {
        "strftime": _with_time(time.strftime, 2),
        **{c.__name__: _with_time(c, 1) for c in (time.localtime, time.gmtime, time.ctime)},
    },
}


@contextmanager
def _replaced() -> Iterator[None]:
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
def guarded(recorder: Recorder) -> Iterator[None]:
    """Refuse effects and what changes from run to run, and note the recipe's line of each."""
    if not _installed:
        sys.addaudithook(_hook)
        _installed.append(True)
    bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    _active.append(recorder)
    if not recorder.step:  # the recipe is loaded
        _seeded.discard(str(recorder.recipe))
    profile = sys.getprofile()
    if recorder.recipe.suffix == ".py":
        _operations.update(operations())
        sys.setprofile(_watch)  # which ends with the first exception that it raises
    try:
        with _replaced():
            yield
    finally:
        sys.setprofile(profile)
        _active.pop()
        sys.dont_write_bytecode = bytecode
