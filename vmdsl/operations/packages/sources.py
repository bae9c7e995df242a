"""Sources of packages for apt, and the keys that they are signed with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from vmdsl.errors import Problem
from vmdsl.language.arguments import argument_of
from vmdsl.language.effects import Tree, TreeOperation
from vmdsl.language.handles import RootFs
from vmdsl.language.operation import (
    Fact,
    Operation,
    Work,
    one_of,
    operation,
    record,
    refuse,
    warn,
)
from vmdsl.machines import Arch, arch_of
from vmdsl.operations.packages.archives import COMPONENTS, Archive, check_archive, check_uri
from vmdsl.similar import closest, did_you_mean

SourceType = Literal["deb", "deb-src"]

#: Debian's own keys: a source without a keyring is signed with one of these. Both this machine
#: and the system have the file.
DEBIAN_KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
FOLDER = "/etc/apt/sources.list.d"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_SUITE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~/-]*|\./|/")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+/-]*")
_ARMOR = b"-----BEGIN PGP PUBLIC KEY BLOCK-----"
#: The first bytes of a public key in binary: the old and the new form of the packet.
_BINARY = (b"\x98", b"\x99", b"\xc6")
_KEYBOX = b"KBXf"
_ENOUGH = 4096


@dataclass(frozen=True, kw_only=True)
class Source:
    """An archive that packages come from, as `/etc/apt/sources.list.d/NAME.sources` has it.

    `uris` are addresses of the same archive, the first that answers is used. A suite that ends
    with `/` is a folder and has no components; others have `main`, if none are given.
    `keyring` is a file with the keys that the archive is signed with, armored or binary: relative
    to the recipe's directory, or absolute on this machine. It goes to `/etc/apt/keyrings`, unless
    `install_keyring` is off: then only a bootstrap uses it, and the system must trust the archive
    by itself afterwards. Without a keyring Debian's own keys count. `trusted` takes packages that
    nobody has signed. `check_valid_until=False` takes an index that has expired, such as
    that of a snapshot.
    """

    name: str
    uris: Sequence[str]
    suites: Sequence[str]
    components: Sequence[str] = ()
    types: Sequence[SourceType] = ("deb",)
    architectures: Sequence[str] = ()
    keyring: str | Path = ""
    install_keyring: bool = True
    trusted: bool = False
    check_valid_until: bool = True

    @property
    def keyring_files(self) -> tuple[Path, ...]:
        """The local file of the keyring, where there is one."""
        return (Path(self.keyring),) if str(self.keyring) else ()

    def stanza(self, signed_by: str) -> str:
        """Return the source in apt's deb822 form; `signed_by` is the path of the keys, or empty."""
        return "".join(f"{key}: {value}\n" for key, value in self._fields(signed_by) if value)

    def lines(self, signed_by: str) -> str:
        """Return the source in apt's old form of one line for each suite."""
        options = [
            f"{'arch' if key == 'Architectures' else key.lower()}={value.replace(' ', ',')}"
            for key, value in self._fields(signed_by)[4:]
            if value
        ]
        shown = f"[{' '.join(options)}] " if options else ""
        return "".join(
            " ".join((f"{kind} {shown}{uri} {suite}", *_components(self))).rstrip() + "\n"
            for kind in self.types
            for uri in self.uris
            for suite in self.suites
        )

    def _fields(self, signed_by: str) -> list[tuple[str, str]]:
        return [
            ("Types", " ".join(self.types)),
            ("URIs", " ".join(self.uris)),
            ("Suites", " ".join(self.suites)),
            ("Components", " ".join(_components(self))),
            ("Architectures", " ".join(self.architectures)),
            ("Signed-By", signed_by),
            ("Trusted", "yes" if self.trusted else ""),
            ("Check-Valid-Until", "" if self.check_valid_until else "no"),
        ]


@operation
class AptSource(TreeOperation):
    """A source that the system gets, with its keyring."""

    reads_layout = False
    installs_anything = False

    source: Source

    def summary(self) -> str:
        return f"add the source {self.source.name}"

    def local_files(self) -> tuple[Path, ...]:
        return self.source.keyring_files

    def adds_archive(self) -> bool:
        return True

    def suites(self) -> tuple[str, ...]:
        return tuple(self.source.suites)

    def check_plan(self, operations: Sequence[Operation], *, complete: bool) -> Iterator[Problem]:
        """Report keyrings that apt cannot read, and what Debian's own archive does not have."""
        del operations, complete
        yield from check_keyrings(self, self.source.keyring_files)
        yield from check_source(self, self.source)

    def apply(self, tree: Tree) -> None:
        """Write both files; the next apt() fetches the index."""
        signed_by = install_keyring(tree, self.source)
        tree.write(f"{FOLDER}/{self.source.name}.sources", self.source.stanza(signed_by))


def apt_source(root: RootFs, source: Source, *, unless: Fact | None = None) -> None:
    """Add an archive that packages come from. The next `apt()` fetches its index.

    A source of the same name is replaced.
    """
    record(AptSource(root=root, source=checked(source), unless=unless))


def checked(source: Source) -> Source:
    """Return a source; refuse one that apt can't read."""
    for name in ("uris", "suites", "components", "types", "architectures"):
        several(name, getattr(source, name))
    if not _NAME.fullmatch(source.name):
        raise refuse(
            f"{source.name!r} is not the name of a source",
            "use letters, digits, - and _: backports",
            code="source",
        )
    for name, what in (("uris", "address"), ("suites", "suite"), ("types", "type")):
        if not getattr(source, name):
            raise refuse(
                f"the source {source.name} has no {what}", f"give {name}=[…]", code="source"
            )
    for uri in source.uris:
        check_uri(uri)
    _check_suites(source)
    check_components(source.components)
    check_architectures("architectures", source.architectures)
    for kind in source.types:
        one_of("types", kind, get_args(SourceType))
    return source


def _check_suites(source: Source) -> None:
    for suite in source.suites:
        if not _SUITE.fullmatch(suite):
            raise refuse(
                f"{suite!r} is not the name of a suite",
                "such as trixie, or a folder: ./",
                code="suite",
            )
        if suite.endswith("/") and source.components:
            raise refuse(
                f"the suite {suite} is a folder, which has no components",
                "leave out components=, or the / at the end",
                code="source",
            )
        if suite.endswith("/") != source.suites[0].endswith("/"):
            raise refuse(
                f"the source {source.name} has both a folder and a suite",
                "make two sources",
                code="source",
            )


def check_components(components: Sequence[str]) -> None:
    """Refuse what cannot be a component."""
    for number, word in enumerate(components):
        if not _WORD.fullmatch(word):
            meant = did_you_mean(word, COMPONENTS)
            raise refuse(
                f"{word!r} cannot be one of the components",
                meant or "give each by itself: main, non-free",
                about=f"components[{number}]",
                code="component",
            )


def check_architectures(name: str, architectures: Iterable[str]) -> None:
    """Refuse misspelt architectures; warn of those that are neither Debian's nor its ports'."""
    for arch in architectures:
        if arch in {*Arch, "all", "any"}:
            continue
        if not _WORD.fullmatch(arch):
            what = f"{arch!r} cannot be one of the {name}"
            raise refuse(what, "give each by itself: amd64, i386", about=name, code="architecture")
        what = f"{arch!r} is not an architecture of Debian"
        if close := arch_of(arch) or closest(arch, list(Arch)):
            raise refuse(what, f"did you mean {close}?", about=name, code="architecture")
        warn(what, f"there are {', '.join(Arch)}", about=name, code="architecture")


def _quoted(values: str) -> str:
    """Return the words of a text as the elements of a list."""
    return ", ".join(f'"{word}"' for word in re.split(r"[\s,]+", values.strip()))


def several(name: str, values: object) -> None:
    """Refuse a text where a list of texts is wanted: it would count as a list of letters."""
    if isinstance(values, str):
        raise refuse(
            f"{name}= is one text",
            f"write a list: {name}=[{_quoted(values)}]",
            code="text-for-list",
        )


def check_source(operation: Operation, source: Source) -> Iterator[Problem]:
    """Report suites and components that Debian does not have, if a source has Debian's keys."""
    if not source.keyring_files and not source.trusted:
        archive = Archive(
            uris=source.uris, has_debians_keys=True, checks_date=source.check_valid_until
        )
        suites = [suite for suite in source.suites if not suite.endswith("/")]
        yield from check_archive(operation, archive, suites, source.components)


def install_keyring(tree: Tree, source: Source) -> str:
    """Put the keyring of a source into the system. Returns the path for Signed-By, or ""."""
    if not source.keyring_files:
        return "" if source.trusted else str(DEBIAN_KEYS)
    if not source.install_keyring:
        return ""
    keys = (tree.recipe_directory / source.keyring).read_bytes()
    path = f"/etc/apt/keyrings/{source.name}{suffix_of(keys)}"
    tree.write(path, keys)
    return path


def suffix_of(keys: bytes) -> str:
    """Return the suffix of a keyring's name, by which apt knows its format."""
    return ".gpg" if keys.startswith(_BINARY) else ".asc"


def check_keyrings(operation: Work, keyrings: Sequence[Path]) -> Iterator[Problem]:
    """Report local keyrings of an operation that apt cannot read."""
    for file in keyrings:
        start = first_bytes(operation.directory / file)
        if start is not None and (wrong := what_is_wrong(start)):
            what, about = (
                f"apt cannot read the keyring {file}: {wrong[0]}",
                argument_of(operation, file),
            )
            yield operation.problem(what, wrong[1], about=about, code="keyring")


def first_bytes(file: Path) -> bytes | None:
    """Return the first bytes of a file; None if it cannot be read, which is reported elsewhere."""
    try:
        with file.open("rb") as content:
            return content.read(_ENOUGH)
    except OSError:
        return None


def what_is_wrong(keys: bytes) -> tuple[str, str] | None:
    """Return why apt cannot read a keyring that starts with these bytes, and what to do."""
    if keys.startswith(_BINARY) or keys.lstrip().startswith(_ARMOR):
        return None
    if keys[8:12] == _KEYBOX:
        return "it is a keybox of gpg", "export the keys: gpg --export KEY >archive.gpg"
    return "it holds no public key", "export it: gpg --armor --export KEY >archive.asc"


def _components(source: Source) -> tuple[str, ...]:
    if source.suites[0].endswith("/"):
        return ()
    return tuple(source.components) or ("main",)
