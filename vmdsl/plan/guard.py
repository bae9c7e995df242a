"""Keeps the evaluation of a recipe free of effects, and the same each time.

It may only record operations, and nothing that changes from run to run may decide on them: chance,
the clock, the environment.

A guard against accidents, not a wall: confining a stranger's code is the operating system's work.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import CoroutineType, FrameType, FunctionType
from typing import Any

from vmdsl.language.operation import NeverText, Recorder, Refused
from vmdsl.language.secret import Secret
from vmdsl.plan.kinds import operations, wrong_kind
from vmdsl.plan.reading import active, is_for_recipe, is_of_recipe, refuse, report
from vmdsl.plan.replaced import replaced
from vmdsl.plan.sources import (
    CHANCE,
    DEEDS,
    ENVIRONMENT,
    MACHINE,
    NAMES,
    Source,
    source_of,
    source_of_path,
)

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
        (
            *("socket.__new__", "socket.connect", "socket.bind", "socket.getaddrinfo"),
            *("socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"),
        ),
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
#: C functions that end this process, which no audit event reports either.
_ENDS = {os._exit, os.abort, signal.raise_signal}
#: C functions that start a thread, where nothing is recorded, and functions that run an event loop.
_THREADS = ("start_new_thread", "start_joinable_thread")
_LOOPS = ("run", "new_event_loop")
_ENDS_VMDSL = "ends vmdsl itself"
_AT_ONCE = ("starts a thread", "runs an event loop")
#: Audit events of libraries that Python's modules also use for themselves.
_OF_LIBRARIES = {
    "ctypes.dlopen": "runs code in C",
    "ctypes.dlsym": "runs code in C",
    "sqlite3.connect": "opens a database",
    "resource.setrlimit": "changes its own process",
    "resource.prlimit": "changes its own process",
    "syslog.syslog": "writes to the log of this machine",
    "syslog.openlog": "writes to the log of this machine",
}
#: The names of functions in Python that are looked at.
_IN_PYTHON = {"__repr__", "uname", "expandvars", *_LOOPS}
#: Most calls are known by their name not to matter.
_NAMES = {
    *("seed", "random", "getrandbits", *_THREADS),
    *(c.__name__ for c in _ENDS),
    *NAMES,
}
_ENVIRON = type(os.environ)
#: Every way to read the environment calls one of these.
_READS_ENVIRON = frozenset(
    id(function.__code__)
    for function in (_ENVIRON.__getitem__, _ENVIRON.__iter__, _ENVIRON.__len__, _ENVIRON.copy)
)
_operations: dict[int, FunctionType] = {}
_installed: list[bool] = []
#: The recipes that have given the module random a seed.
_seeded: set[str] = set()


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if not active:
        return
    deed = _EVENTS.get(event)
    if event == "open":
        path, _, flags = arguments
        if isinstance(flags, int) and flags & _WRITES and path != os.devnull:
            deed = f"writes the file {path}"
        elif source := source_of_path(path, active[-1].recipe.parent):
            caller = sys._getframe(1)  # noqa: SLF001 (a documented, CPython-wide function)
            if is_for_recipe(caller):
                report(source, caller)
    elif event in _OF_LIBRARIES and is_for_recipe(sys._getframe(1)):  # noqa: SLF001 (documented)
        deed = _OF_LIBRARIES[event]
    if deed is not None:
        refuse(f"the recipe {deed} while it is read ({event})", _HINT, code="effect")


def _watch(frame: FrameType, event: str, called: Any) -> None:
    """Refuse what no audit event reports, and wrong arguments. Called by Python at each call."""
    if event == "c_call":
        if called.__name__ in _NAMES:
            _judge(frame, frame, *_source_in_c(frame, called))
    elif event == "call":
        if id(frame.f_code) in _READS_ENVIRON:
            _judge(frame, frame, ENVIRONMENT, "")
        elif frame.f_code.co_name in _IN_PYTHON:
            _judge(frame, frame.f_back or frame, *_source_in_python(frame))
        function = _operations.get(id(frame.f_code))
        if function and (mistake := wrong_kind(function, frame.f_locals)):
            active[-1].problem(mistake.what, mistake.hint, code=mistake.code, kind=type(mistake))
            raise Refused(mistake.what)


def _judge(frame: FrameType, caller: FrameType, source: Source | None, deed: str) -> None:
    """Report what the function of a frame reads or does, if its caller calls it for the recipe."""
    if not (source or deed):
        return
    direct = source is not None and source.direct
    if not is_for_recipe(caller, direct=direct, of_threads=deed in _AT_ONCE):
        return
    if deed.startswith(_ENDS_VMDSL):
        hint = "require(False, message) refuses the recipe with a message"
        refuse(f"the recipe {deed}", hint, code="exits")
    if deed:
        hint = "call the functions one after the other" if deed in _AT_ONCE else _HINT
        refuse(f"the recipe {deed} while it is read", hint, code="effect")
    if source:
        report(source, frame)


def _source_in_c(frame: FrameType, called: Any) -> tuple[Source | None, str]:
    """Return what a function in C reads, and what it does, if a recipe must not call it."""
    if called in _ENDS:
        return None, f"{_ENDS_VMDSL} ({called.__name__})"
    if called.__name__ in _THREADS:
        return None, "starts a thread"
    if deed := DEEDS.get((called.__module__, called.__name__)):
        return None, deed
    return source_of(called) or (CHANCE if _is_chance(frame, called) else None), ""


def _source_in_python(frame: FrameType) -> tuple[Source | None, str]:
    """Return what a function in Python reads, and what it does, if a recipe must not call it."""
    name, module = frame.f_code.co_name, frame.f_globals.get("__name__", "")
    if name == "__repr__":
        _refuse_text(frame)
    elif name == "uname" and module == "platform":  # it remembers what os.uname() said
        return MACHINE, ""
    elif name == "expandvars" and "$" in os.fsdecode(frame.f_locals.get("path", "")):
        return ENVIRONMENT, ""
    elif name in _LOOPS and module.startswith("asyncio."):
        if isinstance(main := frame.f_locals.get("main"), CoroutineType):
            main.close()  # else Python warns that this coroutine never runs
        return None, "runs an event loop"
    return None, ""


def _is_chance(frame: FrameType, called: Any) -> bool:
    """Return whether a method of the module random is called on a generator without a seed."""
    shared = getattr(sys.modules.get("random"), "_inst", called)
    if called.__name__ == "seed":
        if frame.f_globals.get("__name__") != "random":
            return False
        is_chance = frame.f_locals.get("a") is None
        if frame.f_locals.get("self") is shared and is_for_recipe(frame):
            (_seeded.discard if is_chance else _seeded.add)(str(active[-1].recipe))
        return is_chance
    if called.__name__ not in ("random", "getrandbits"):
        return False
    return called.__self__ is shared and str(active[-1].recipe) not in _seeded


def _refuse_text(frame: FrameType) -> None:
    """Refuse that the recipe makes text of a handle or a declaration by its repr()."""
    value, caller = frame.f_locals.get("self"), frame.f_back
    while caller is not None and caller.f_globals.get("__name__") in ("dataclasses", "reprlib"):
        caller = caller.f_back
    if isinstance(value, NeverText | Secret) and caller and is_of_recipe(caller):
        format(value)


@contextmanager
def guarded(recorder: Recorder) -> Iterator[None]:
    """Refuse effects and what changes from run to run, and note the recipe's line of each."""
    if not _installed:
        sys.addaudithook(_hook)
        _installed.append(True)
    bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    active.append(recorder)
    if not recorder.step:  # the recipe is loaded
        _seeded.discard(str(recorder.recipe))
    profile = sys.getprofile()
    if recorder.recipe.suffix == ".py":
        _operations.update(operations())
        sys.setprofile(_watch)  # which ends with the first exception that it raises
    try:
        with replaced():
            yield
    finally:
        sys.setprofile(profile)
        active.pop()
        sys.dont_write_bytecode = bytecode
