"""Files and directories of the system, as steps of vmdb2."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from vmdsl.language.effects import Owner
from vmdsl.language.secret import Secret
from vmdsl.operations.files.directories import CopyTree, CreateDirectory, CreateSymlink
from vmdsl.operations.files.files import CopyFile, CreateFile, PathExists
from vmdsl.vmdb2.from_yaml.files import USUAL, parents_of_copy
from vmdsl.vmdb2.marked_scripts import own
from vmdsl.vmdb2.to_yaml.emit import Octal, Value, YamlStep
from vmdsl.vmdb2.to_yaml.export import Export

#: Directories that every system has.
_ALWAYS = frozenset(
    {
        *("/", "/boot", "/dev", "/etc", "/etc/apt", "/etc/apt/apt.conf.d"),
        *("/etc/apt/preferences.d", "/etc/apt/sources.list.d"),
        *("/etc/apt/trusted.gpg.d", "/etc/default", "/etc/kernel"),
        *("/etc/profile.d", "/etc/skel", "/home", "/media", "/mnt", "/opt"),
        *("/root", "/run", "/srv", "/tmp", "/usr", "/usr/bin", "/usr/lib"),  # noqa: S108
        *("/usr/local", "/usr/local/bin", "/usr/local/sbin", "/usr/local/share"),
        *("/usr/sbin", "/usr/share", "/var", "/var/cache", "/var/lib", "/var/log"),
        *("/var/opt", "/var/tmp"),  # noqa: S108
    }
)
_USUAL_FILE = 0o644
#: Bits that a new directory can't get while the umask is 022, or at all.
_NOT_MADE = 0o6022
_SPECIAL = 0o6000


def create_file(export: Export, operation: CreateFile) -> Iterator[YamlStep]:
    """Yield the file, after its directory."""
    assert not isinstance(operation.content, Secret)  # noqa: S101 (these were refused)
    uid, gid, path = operation.uid, operation.gid, operation.path
    if export.unless(operation)[1]:
        yield export.chroot(_file_script(operation, operation.content))
        return
    yield from parents(export, path)
    keys: dict[str, Value] = {"create-file": path, "contents": operation.content}
    yield YamlStep(keys=keys | _access(operation.mode, uid, gid, usual=_USUAL_FILE))
    yield from _owners(export, path, operation.mode, uid, gid)


def _file_script(operation: CreateFile, content: str) -> str:
    path = shlex.quote(operation.path)
    mode, uid, gid = operation.mode, operation.uid, operation.gid
    return (
        f"mkdir -p {shlex.quote(str(PurePosixPath(operation.path).parent))}\n"
        f"printf %s {shlex.quote(content)} >{path}\n"
        f"chown {uid}:{gid} {path}\nchmod {mode:04o} {path}"
    )


def copy_file(export: Export, operation: CopyFile) -> Iterator[YamlStep]:
    """Yield the file, with the mode that it has now if none is given."""
    mode = operation.mode
    if mode is None:
        source = operation.directory / operation.source
        mode = source.stat().st_mode & 0o755 if source.exists() else _USUAL_FILE
    uid, gid, path = operation.uid, operation.gid, operation.path
    if export.unless(operation)[1]:
        target, parent = shlex.quote(path), shlex.quote(str(PurePosixPath(path).parent))
        yield export.shell(
            f'chroot "$ROOT" mkdir -p {parent}\n'
            f'chroot "$ROOT" tee {target} <{shlex.quote(str(operation.source))} >/dev/null\n'
            f'chroot "$ROOT" chown {uid}:{gid} {target}\n'
            f'chroot "$ROOT" chmod {mode:04o} {target}'
        )
        return
    yield from parents(export, path)
    keys: dict[str, Value] = {"copy-file": path, "src": str(operation.source)}
    yield YamlStep(keys=keys | _access(mode, uid, gid, usual=_USUAL_FILE))
    yield from _owners(export, path, mode, uid, gid)


def create_directory(export: Export, operation: CreateDirectory) -> Iterator[YamlStep]:
    """Yield the directory; vmdb2 makes only missing ones, and takes the umask away."""
    path, mode, uid, gid = operation.path, operation.mode, operation.uid, operation.gid
    named = isinstance(uid, str) or isinstance(gid, str)
    is_there = path in _ALWAYS or path in export.made
    if export.unless(operation)[1] or named or is_there or mode & _NOT_MADE:
        words = f"--mode={mode:04o} --owner={uid} --group={gid}"
        yield export.chroot(f"install --directory {words} {shlex.quote(path)}")
    else:
        keys: dict[str, Value] = {"create-dir": path}
        yield YamlStep(keys=keys | _access(mode, uid, gid, usual=USUAL))
    _note(export, path)


def create_symlink(export: Export, operation: CreateSymlink) -> Iterator[YamlStep]:
    """Yield a script: vmdb2 has no step for symlinks."""
    parent = str(PurePosixPath(operation.path).parent)
    made = "" if parent in _ALWAYS else f"mkdir -p {shlex.quote(parent)}\n"
    words = shlex.join(["--", operation.target, operation.path])
    yield export.chroot(f"{made}ln --symbolic --force --no-target-directory {words}")


def copy_tree(export: Export, operation: CopyTree) -> Iterator[YamlStep]:
    """Yield copy-dir, or tar if copy-dir would do something else."""
    source = operation.directory / operation.source
    uid, gid = operation.uid, operation.gid
    spoiled = operation.exclude or _spoiled(export, source, operation)
    if spoiled or uid is None or gid is None or export.unless(operation)[1]:
        if operation.follow:
            export.refuse(operation, "to follow symlinks in what is copied like this")
        yield export.shell(_tar_script(operation))
        return
    keys: dict[str, Value] = {"copy-dir": operation.path, "src": str(operation.source)}
    if operation.umask != 0o022:  # noqa: PLR2004 (vmdb2's own)
        keys["umask"] = Octal(operation.umask)
    if operation.parents not in {None, USUAL}:
        keys["perm"] = Octal(operation.parents)
    for number, name, owner in (("uid", "user", uid), ("gid", "group", gid)):
        if owner:
            keys[number if isinstance(owner, int) else name] = owner
    yield YamlStep(keys=keys)


def _spoiled(export: Export, source: Path, operation: CopyTree) -> bool:
    """Return whether copy-dir would do something else.

    It follows symlinks, it loses its way where its name comes twice, and what it makes above the
    copied files has a mode and an owner of its own.
    """
    above = str(PurePosixPath(operation.path).parent)
    is_there = operation.parents is None and (above in _ALWAYS or above in export.made)
    is_owned = bool(operation.uid or operation.gid) and not is_there
    perm = USUAL if operation.parents is None else operation.parents
    if operation.parents != parents_of_copy(perm, operation.umask, source, is_owned=is_owned):
        return True
    name = str(operation.source)
    below = list(source.rglob("*")) if source.is_dir() else []
    return any(
        (path.is_symlink() and not operation.follow)
        or (path.is_dir() and name in str(path.relative_to(source)))
        for path in below
    )


def _tar_script(operation: CopyTree) -> str:
    path = shlex.quote(operation.path)
    words = ["--numeric-owner", "--xattrs", "--acls", "--sparse"]
    words += [f"--mode={_symbolic(operation.umask)}"] if operation.umask else []
    words += [f"--exclude={pattern}" for pattern in operation.exclude]
    given = shlex.join(words)
    for kind, database, owner in (
        ("owner", "passwd", operation.uid),
        ("group", "group", operation.gid),
    ):
        if isinstance(owner, int):
            given += f" --{kind}=:{owner}"
        elif owner is not None:
            known = f'chroot "$ROOT" getent {database} {shlex.quote(owner)}'
            given += f' --{kind}=":$({known} | cut -d: -f3)"'
    make = f'chroot "$ROOT" mkdir -p {path}\n'
    if operation.parents is not None:
        mode = f"--mode={operation.parents:04o}"
        owner = f"--owner={operation.uid or 0} --group={operation.gid or 0}"
        places = (PurePosixPath(operation.path), *PurePosixPath(operation.path).parents)
        make = "".join(
            f'chroot "$ROOT" test -e {shlex.quote(str(place))} || '
            f'chroot "$ROOT" install --directory {mode} {owner} {shlex.quote(str(place))}\n'
            for place in reversed(places)
            if str(place) not in _ALWAYS
        )
    return (
        f"{make}tar --create --directory={shlex.quote(str(operation.source))} {given} . |\n"
        f'    chroot "$ROOT" tar --extract --directory={path} --preserve-permissions \\\n'
        "    --xattrs --acls --numeric-owner --no-overwrite-dir --keep-directory-symlink"
    )


def _symbolic(umask: int) -> str:
    """Return bits that are taken away, as tar takes them."""
    parts = []
    for who, shift in (("u", 6), ("g", 3), ("o", 0)):
        letters = "".join(x for x, bit in (("r", 4), ("w", 2), ("x", 1)) if umask >> shift & bit)
        if letters:
            parts.append(f"{who}-{letters}")
    return ",".join(parts)


def path_exists(export: Export, operation: PathExists) -> Iterator[YamlStep]:
    """Yield a script that makes a file in /run if the path exists: vmdb2 has no own conditions."""
    path = shlex.quote(operation.path)
    marker = export.marker(operation.fact)
    yield export.chroot(f"if [ -e {path} ] || [ -L {path} ]; then touch {marker}; fi")


def parents(export: Export, path: str) -> Iterator[YamlStep]:
    """Yield the directory of a path, if it may be missing: vmdb2 does not make it."""
    parent = str(PurePosixPath(path).parent)
    if parent not in _ALWAYS and parent not in export.made:
        yield export.chroot(own(f"mkdir -p {shlex.quote(parent)}"))
    _note(export, parent)


def _note(export: Export, path: str) -> None:
    export.made.update({path, *map(str, PurePosixPath(path).parents)})


def _access(mode: int, uid: Owner, gid: Owner, *, usual: int) -> dict[str, Value]:
    """Return the keys for a mode and for owners by number."""
    keys: dict[str, Value] = {} if mode == usual else {"perm": Octal(mode)}
    return keys | {key: o for key, o in (("uid", uid), ("gid", gid)) if isinstance(o, int) and o}


def _owners(export: Export, path: str, mode: int, uid: Owner, gid: Owner) -> Iterator[YamlStep]:
    """Yield owners by name, which vmdb2 does not know; setting them takes special bits away."""
    if isinstance(uid, int) and isinstance(gid, int):
        return
    place = shlex.quote(path)
    again = f"\nchmod {mode:04o} {place}" if mode & _SPECIAL else ""
    yield export.chroot(f"chown {uid}:{gid} {place}{again}")
