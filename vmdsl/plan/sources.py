"""Sources of values that differ from run to run or from machine to machine."""

from __future__ import annotations

import datetime as dt
import os
import posix
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Source:
    """Something that a recipe must not read, and what to do instead.

    A `direct` one is refused only if the recipe itself reads it: the modules of Python use it for
    their own purposes.
    """

    name: str
    instead: str
    direct: bool = False


CHANCE = Source(
    name="random numbers",
    instead="a recipe gives the same image each time: write the value, or declare an option",
)
CLOCK = Source(
    name="the clock",
    instead="a recipe gives the same image each time: declare an option for the date",
)
TIMES = Source(
    name="the times of files",
    instead="they differ in each checkout: declare an option for the date",
)
ENVIRONMENT = Source(
    name="the environment",
    instead="declare an option; if it is a secret, write Secret.from_environment()",
)
MACHINE = Source(
    name="properties of this machine",
    instead="a recipe gives the same image on each machine: declare an option",
)
DIRECTORY = Source(
    name="the working directory",
    instead="it may be another one each time: Path(__file__).parent is the recipe's directory",
)
ARGUMENTS = Source(
    name="the command line",
    instead='declare an option: name = option("debian", help="…"), and read it by name()',
)
MEMORY = Source(
    name="addresses in memory",
    instead="they differ in each run: use names instead",
    direct=True,
)
UNCHECKED = Source(
    name="code that mypy cannot check",
    instead="write it as plain Python, without exec() and eval()",
    direct=True,
)

#: Functions of the system that give the same anywhere, read files, or that an audit event reports.
_OF_FILES = frozenset(
    (
        *("fspath", "strerror", "major", "minor", "makedev", "waitstatus_to_exitcode"),
        *("device_encoding", "isatty", "register_at_fork"),
        *("access", "open", "close", "closerange", "dup", "dup2", "pipe", "pipe2", "lseek"),
        *("read", "readv", "pread", "preadv", "write", "writev", "posix_fadvise", "fsync"),
        *("get_inheritable", "set_inheritable", "get_blocking", "set_blocking"),
        *("stat", "lstat", "fstat", "listdir", "scandir", "readlink", "getxattr", "listxattr"),
        *("remove", "unlink", "rename", "replace", "mkdir", "rmdir", "link", "symlink", "truncate"),
        *("ftruncate", "chmod", "fchmod", "lchmod", "chown", "fchown", "lchown", "utime"),
        *("setxattr", "removexattr", "chdir", "fchdir", "putenv", "unsetenv", "system", "fork"),
        *("forkpty", "execv", "execve", "posix_spawn", "posix_spawnp", "kill", "killpg"),
        *("_exit", "abort", "urandom", "getrandom"),
    )
)
#: C functions that do something, which no audit event reports.
DEEDS: Mapping[tuple[str, str], str] = {
    **dict.fromkeys((("posix", name) for name in ("mkfifo", "mknod")), "changes files"),
    **dict.fromkeys(
        (
            ("posix", name)
            for name in dir(posix)
            if name.startswith(
                ("set", "sched_set", "initgroups", "umask", "nice", "chroot", "lockf")
            )
            and name not in _OF_FILES
        ),
        "changes its own process",
    ),
    **dict.fromkeys(
        (("_signal", name) for name in ("alarm", "setitimer", "signal", "pthread_sigmask")),
        "changes how signals are handled",
    ),
    **dict.fromkeys((("_gdbm", "open"), ("_dbm", "open")), "opens a database"),
}
#: Modules in C that read something, and their functions that do not.
_MODULES: Mapping[str, tuple[Source, frozenset[str]]] = {
    "posix": (MACHINE, _OF_FILES | {name for module, name in DEEDS if module == "posix"}),
    "time": (
        CLOCK,
        frozenset(
            (
                *("asctime", "ctime", "gmtime", "localtime", "mktime", "strftime", "strptime"),
                *("sleep", "tzset", "get_clock_info"),
            )
        ),
    ),
}
#: Functions of other modules in C, which may not be loaded.
_FUNCTIONS: Mapping[tuple[str, str], Source] = {
    ("builtins", "exec"): UNCHECKED,
    ("builtins", "eval"): UNCHECKED,
    ("builtins", "id"): MEMORY,
    ("posix", "urandom"): CHANCE,
    ("posix", "getrandom"): CHANCE,
    ("posix", "times"): CLOCK,
    ("posix", "getcwd"): DIRECTORY,
    ("posix", "getcwdb"): DIRECTORY,
    **dict.fromkeys((("_ssl", name) for name in ("RAND_bytes", "RAND_pseudo_bytes")), CHANCE),
    **dict.fromkeys(
        (("_uuid", name) for name in ("generate_time_safe", "UuidCreate")),
        CHANCE,
    ),
    **dict.fromkeys(
        (
            *(("_socket", "gethostname"), ("_socket", "if_nameindex")),
            *(("_socket", "if_nametoindex"), ("_socket", "if_indextoname")),
            *(("_socket", "getservbyname"), ("_socket", "getservbyport")),
            ("_socket", "getprotobyname"),
        ),
        MACHINE,
    ),
    **dict.fromkeys((("pwd", name) for name in ("getpwuid", "getpwnam", "getpwall")), MACHINE),
    **dict.fromkeys((("spwd", name) for name in ("getspnam", "getspall")), MACHINE),
    **dict.fromkeys((("grp", name) for name in ("getgrgid", "getgrnam", "getgrall")), MACHINE),
    **dict.fromkeys(
        (("_locale", name) for name in ("setlocale", "nl_langinfo", "getencoding")), MACHINE
    ),
    **dict.fromkeys(
        (("resource", name) for name in ("getrusage", "getrlimit", "prlimit", "getpagesize")),
        MACHINE,
    ),
    **dict.fromkeys((("_thread", name) for name in ("get_ident", "get_native_id")), MEMORY),
    **dict.fromkeys(
        (("sys", name) for name in ("getrefcount", "getallocatedblocks", "getsizeof")), MEMORY
    ),
    **dict.fromkeys(
        (
            ("gc", name)
            for name in ("get_count", "get_stats", "get_objects", "get_referrers", "get_referents")
        ),
        MEMORY,
    ),
}
_OF_DATES = ("now", "utcnow", "today")
#: Most calls are known by their name not to matter.
NAMES = frozenset(
    (
        *(name for _, name in (*_FUNCTIONS, *DEEDS)),
        *(
            name
            for module in (posix, time)
            for name, value in vars(module).items()
            if callable(value) and name[0] != "_" and name not in _MODULES[module.__name__][1]
        ),
        *_OF_DATES,
    )
)
_STATE = ("/proc/", "/sys/", "/dev/", "/run/", "/var/run/", "/etc/")
_OF_CHANCE = ("/dev/random", "/dev/urandom", "/proc/sys/kernel/random/")


def source_of(called: Any) -> Source | None:
    """Return what a function in C reads that is not the same each time and on each machine."""
    name, module = called.__name__, called.__module__
    if name in _OF_DATES:
        owner = getattr(called, "__self__", None)
        return CLOCK if isinstance(owner, type) and issubclass(owner, dt.date) else None
    if source := _FUNCTIONS.get((module, name)):
        return source
    source, others = _MODULES.get(module, (None, frozenset()))
    return source if name not in others and not name.startswith("_") else None


def source_of_path(path: object, folder: PurePath) -> Source | None:
    """Return what a file shows that is not the same on each machine, unless it is in `folder`."""
    if not isinstance(path, str | bytes | os.PathLike):
        return None
    name = f"{os.fsdecode(path)}/"
    if not name.startswith(_STATE) or name.startswith((f"{os.devnull}/", f"{folder}/")):
        return None
    return CHANCE if name.startswith(_OF_CHANCE) else MACHINE
