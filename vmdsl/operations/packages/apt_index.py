"""The index of packages that a system's own apt goes by."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path

from vmdsl.language.effects import Tree, package_cache
from vmdsl.language.handles import RootFs
from vmdsl.operations.packages.apt_errors import explained
from vmdsl.operations.packages.credentials import apt_environment

#: Where an index is fetched to.
_NEW_LISTS = "/run/vmdsl-lists"
#: A source that can't be reached is an error, as old or fewer packages would do otherwise.
_UPDATE = (
    "apt-get",
    "-q",
    "-oAPT::Update::Error-Mode=any",
    "-oAcquire::Retries=3",
    "-oAcquire::Languages=none",  # descriptions, which nobody reads here
    f"-oDir::State::lists={_NEW_LISTS}",
    "-oDir::Cache::pkgcache=",
    "-oDir::Cache::srcpkgcache=",
)
_TMP = Path("/tmp")  # noqa: S108 (the tree's)
_LISTS = Path("/var/lib/apt/lists")
#: Beside the index: the sources that it was made from. It goes with the index.
_SOURCES_OF_INDEX = _LISTS / "vmdsl-sources"
_LOCAL = re.compile(r"(?:file|copy):/*(/[^\s\]]*)")
_INDEXES = ("InRelease", "Release", "Packages")
_FOREIGN = Path("/var/lib/dpkg/arch")
#: What an index depends on besides the sources: apt's settings, and the keys that it trusts.
_TRUST = (
    "etc/apt/apt.conf",
    "etc/apt/apt.conf.d/*",
    "etc/apt/auth.conf",
    "etc/apt/auth.conf.d/*",
    "etc/apt/keyrings/*",
    "etc/apt/trusted.gpg",
    "etc/apt/trusted.gpg.d/*",
    "usr/share/keyrings/*",
)
#: Commands of a script that need an index.
_INSTALLS = re.compile(
    r"\b(?:apt|apt-get|aptitude)\b[^\n;&|]*"
    r"\b(?:install|reinstall|satisfy|upgrade|full-upgrade|dist-upgrade|build-dep|download|source)\b"
)


def current_index(
    tree: Tree, root: RootFs, more: Sequence[str], env: Mapping[str, str]
) -> Path | None:
    """Return the index that belongs to the sources of a system, and to `more` architectures.

    None if the system has it. Nothing in the tree is changed.
    """
    names, sources, is_there = tree.inside(partial(_about_index, more))
    if is_there:
        return None
    name = " ".join([root.suite.name, *names])
    fetch = partial(_fetch, tree, [root.arch, *more], env)
    return package_cache(tree).archive(name, f"{root.arch}\n{sources}", fetch)


def use_index(tree: Tree, index: Path) -> None:
    """Give the system an index."""
    tree.inside(_forget_index)
    tree.copy_tree(index, str(_LISTS))
    tree.inside(note_sources)


def index_for_script(tree: Tree, root: object, script: str) -> None:
    """Give a system its index, if it has none and a script is about to install packages."""
    if not isinstance(root, RootFs) or not _INSTALLS.search(script) or tree.inside(has_index):
        return
    with explained():
        index = current_index(tree, root, (), apt_environment(tree, root))
        if index is not None:
            use_index(tree, index)


def _fetch(tree: Tree, archs: Sequence[str], env: Mapping[str, str], lists: Path) -> None:
    """Let the system's own apt fetch its index."""
    place = tree.scratch / "lists"
    place.mkdir()
    tree.mkdir(_NEW_LISTS)
    tree.bind(place, _NEW_LISTS)
    known = dict.fromkeys([*archs, *tree.inside(_foreign)])
    options = [f"-oAPT::Architectures::={arch}" for arch in known]
    before = tree.inside(_time_of_tmp)
    tree.chroot(*_UPDATE, *options, "update", env=env)
    tree.inside(partial(_set_time_of_tmp, before))
    tree.inside(_no_links)
    for file in place.iterdir():
        if file.is_file() and not file.is_symlink():
            _copy(file, lists / file.name)


def _time_of_tmp() -> int:
    return _TMP.stat().st_mtime_ns if _TMP.is_dir() else 0


def _set_time_of_tmp(time: int) -> None:
    """Leave no trace of what apt had there: an index is not fetched in every build."""
    if _TMP.is_dir():
        os.utime(_TMP, ns=(time, time))


def _foreign() -> list[str]:
    """Return the foreign architectures that dpkg knows."""
    return _FOREIGN.read_text(encoding="ascii").split() if _FOREIGN.is_file() else []


def _sources(more: Sequence[str] = ()) -> str:
    """Return the sources of packages, and the architectures, as one text."""
    files = [Path("/etc/apt/sources.list"), *_source_files()]
    texts = [f"{p}\n{p.read_text(encoding='utf-8')}" for p in files if p.is_file()]
    return "".join([*texts, f"{sorted({*_foreign(), *more})}\n"])


def _source_files() -> list[Path]:
    return sorted(Path("/etc/apt/sources.list.d").glob("*"))


def _about_index(more: Sequence[str]) -> tuple[list[str], str, bool]:
    """Return what is known of the index for `more` architectures.

    Names of its sources, all that it depends on as a text, and whether it is there.
    """
    sources = _sources(more)
    names = [p.stem for p in _source_files() if p.suffix in {".sources", ".list"}]
    trust = [p for pattern in _TRUST for p in sorted(Path("/").glob(pattern))]
    contents = [
        f"{p} {hashlib.sha256(p.read_bytes()).hexdigest()}\n"
        for p in (*trust, *_local_indexes(sources))
        if p.is_file()
    ]
    known = _SOURCES_OF_INDEX.exists() and _SOURCES_OF_INDEX.read_text("utf-8") == sources
    return names, "".join([sources, *contents]), known


def _local_indexes(sources: str) -> Iterator[Path]:
    """Yield the indexes of archives that are in the system itself."""
    for found in _LOCAL.finditer(sources):
        place = Path(found[1])
        yield place
        yield from sorted(p for p in place.rglob("*") if p.name.startswith(_INDEXES))


def _no_links() -> None:
    """Have the content of archives that are in the system itself, where apt makes symlinks."""
    for file in Path(_NEW_LISTS).iterdir():
        if file.is_symlink():
            content = file.read_bytes()
            file.unlink()
            file.write_bytes(content)


def has_index() -> bool:
    """Return whether the system has an index, of whatever sources."""
    return any(file.is_file() for file in _LISTS.glob("*Packages*"))


def _forget_index() -> None:
    for file in _LISTS.glob("*"):
        if file.is_file() or file.is_symlink():
            file.unlink()


def note_sources() -> None:
    """Write down, in the tree, that the index is that of its sources."""
    _SOURCES_OF_INDEX.write_text(_sources(), encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    """Copy a plain file that a program of the tree has made, and nothing that is a link."""
    file = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(file, "rb") as data, target.open("wb") as out:
        shutil.copyfileobj(data, out)


def archive_date(lists: Path) -> int:
    """Return the newest date of the archive's indexes, in seconds since 1970.

    SOURCE_DATE_EPOCH in the environment takes precedence. Raises ValueError without an index.
    """
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if given:
        return int(given)
    dates = [
        parsedate_to_datetime(line.partition(":")[2].strip()).replace(tzinfo=UTC)
        for release in sorted(lists.glob("*Release"))
        for line in release.read_text(encoding="utf-8", errors="replace").splitlines()
        if line.startswith("Date:")
    ]
    return int(max(dates).timestamp())
