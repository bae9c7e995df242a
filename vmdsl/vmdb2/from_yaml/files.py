"""Files and directories that are put into the system, as calls of the recipe."""

from __future__ import annotations

import shlex
import stat
from pathlib import Path

from vmdsl.operations.files.files import is_decimal
from vmdsl.vmdb2.draft import Argument, Call, Octal
from vmdsl.vmdb2.from_yaml.context import Context
from vmdsl.vmdb2.from_yaml.system import comes_later, place_for
from vmdsl.vmdb2.schema import (
    CopyDir,
    CopyFile,
    CreateDir,
    CreateFile,
    SpecStep,
)
from vmdsl.vmdb2.text import Text

#: The permissions of directories that vmdb2 makes above copied files, by default.
USUAL = 0o755
_UMASK = 0o022
#: The bits of permissions that mkdir takes: no setuid, no setgid.
_OF_MKDIR = 0o1777
_COPIED = 0o644
#: The bits of permissions that a file can have.
_BITS = 0o7777


def made(perm: int, umask: int = 0) -> int:
    """Return the mode of a directory that vmdb2 makes with `perm`."""
    return perm & ~umask & ~_UMASK & _OF_MKDIR


def parents_of_copy(perm: int, umask: int, source: Path, *, is_owned: bool) -> int | None:
    """Return `parents=` for `copy_tree()`; None where that does the same without it."""
    mode = source.stat().st_mode if source.is_dir() else USUAL
    of_source = stat.S_IMODE(mode) & ~umask
    wanted = made(perm, umask)
    return wanted if is_owned or not wanted == of_source == USUAL else None


def create_file(context: Context, step: CreateFile) -> None:
    """Write a file whose content stands in the specification."""
    if comes_later(context, step) or (place := place_for(context, step)) is None:
        return
    path, contents = _in_system(context, step), context.text(step, step.contents)
    _warn_of_resolver(context, step, str(path))
    usual = 0o644
    _emit(
        context,
        step,
        "create_file",
        (place, path, contents),
        path=path,
        mode=step.perm & _BITS,
        usual=usual,
    )


def copy_file(context: Context, step: CopyFile) -> None:
    """Write a file that is copied from this machine."""
    if comes_later(context, step) or (place := place_for(context, step)) is None:
        return
    path, source = _in_system(context, step), context.text(step, step.src)
    _warn_of_resolver(context, step, str(path))
    _emit(context, step, "copy_file", (place, source, path), path=path, mode=step.perm & _BITS)


def create_dir(context: Context, step: CreateDir) -> None:
    """Write a directory. vmdb2 takes the umask away from its permissions, and so does vmdsl."""
    if comes_later(context, step) or (place := place_for(context, step)) is None:
        return
    wanted = step.perm & _BITS
    mode = made(wanted)
    if mode != wanted:
        context.warn(
            step,
            "perm",
            f"the directory gets the permissions {mode:04o}, not {wanted:04o}: "
            "vmdb2 takes the umask away",
            "in a recipe: create_directory(…, mode=…), as written",
            code="spec-differs",
        )
    path = _in_system(context, step)
    _emit(context, step, "create_directory", (place, path), path=path, mode=mode, usual=0o755)


def copy_dir(context: Context, step: CopyDir) -> None:
    """Write a directory that is copied from this machine, with everything in it."""
    if comes_later(context, step) or (place := place_for(context, step)) is None:
        return
    path, source = _in_system(context, step), context.text(step, step.src)
    if not source:
        context.problem(
            step, "src", "src is empty", "name the directory; . is this one", code="spec-value"
        )
    umask = step.umask & _BITS
    named: dict[str, Argument] = {} if umask == _UMASK else {"umask": Octal(umask)}
    if step.user or step.uid:
        named["uid"] = context.text(step, step.user) if step.user else step.uid
    if step.group or step.gid:
        named["gid"] = context.text(step, step.group) if step.group else step.gid
    below = context.directory / str(source)
    is_owned = bool(named.keys() & {"uid", "gid"})
    parents = parents_of_copy(step.perm, step.umask, below, is_owned=is_owned)
    if parents is not None:
        named["parents"] = Octal(parents)
    if below.is_dir() and any(p.is_symlink() for p in below.rglob("*")):
        named["follow"] = True
        context.warn(
            step,
            "src",
            "there are symlinks in it: vmdb2 copies the files that they lead to, "
            "and makes an empty directory where that is one",
            "in a recipe: copy_tree(…) without follow=True",
            code="spec-differs",
        )
    named |= context.skip_fact(step)
    context.emit(
        _name_of(path),
        step,
        Call(function="copy_tree", arguments=(place, source, path), named=named, where=step.where),
    )


def _in_system(context: Context, step: CreateFile | CreateDir | CopyFile | CopyDir) -> Text:
    """Return the path in the system; vmdb2 takes one without the first slash, too."""
    path = context.text(step, step.path)
    if path.is_plain and path.startswith("//"):
        path = Text("/" + path.lstrip("/"), path.where)
    return path if path.startswith("/") else path.after("/")


def _emit(
    context: Context,
    step: CreateFile | CopyFile | CreateDir,
    function: str,
    arguments: tuple[Argument, ...],
    *,
    path: Text,
    mode: int,
    usual: int | None = None,
) -> None:
    """Write a step for a file, which has the mode `usual` if it isn't told another one."""
    named: dict[str, Argument] = {} if mode == usual else {"mode": Octal(mode)}
    calls = []
    if is_decimal(mode):  # which create_file() and its like take for a mistake
        named = {} if usual else {"mode": Octal(_COPIED)}
        needs_quotes = shlex.quote(path) != path
        name = Text(shlex.quote(path), path.where) if needs_quotes else path
        script = name.after(f"chmod {mode:04o} ")
        fact = context.skip_fact(step)
        calls = [Call(function="chroot", arguments=(arguments[0], script), named=fact)]
        said = f"perm: {mode} is a decimal number, so vmdb2 makes the mode {mode:04o} of it."
        context.comments.append(said)
    named |= {**_owner(step), **context.skip_fact(step)}
    first = Call(function=function, arguments=arguments, named=named, where=step.where)
    context.emit(_name_of(path), step, first, *calls)


def _owner(step: CreateFile | CreateDir | CopyFile) -> dict[str, Argument]:
    return {key: getattr(step, key) for key in ("uid", "gid") if getattr(step, key)}


def _name_of(path: str) -> str:
    """Return a name for the step that makes a file."""
    return Path(path).name or "files"


def _warn_of_resolver(context: Context, step: SpecStep, path: str) -> None:
    mount = context.root.mount if context.root else None
    if path.rstrip("/") == "/etc/resolv.conf" and not (mount and mount.keep_resolvconf):
        context.warn(
            step,
            "path",
            "vmdb2 removes /etc/resolv.conf when the image is done",
            "add keep_resolvconf: true to the mount of the root filesystem",
            code="spec-differs",
        )
