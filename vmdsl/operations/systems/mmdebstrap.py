"""The operation of debootstrap(): mmdebstrap makes a system from the archive."""

from __future__ import annotations

import hashlib
import json
import platform
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

from vmdsl.errors import Problem
from vmdsl.language.effects import Tree, package_cache
from vmdsl.language.handles import Credentials
from vmdsl.language.layout import Layout
from vmdsl.language.operation import Operation, operation
from vmdsl.machines import arch_of
from vmdsl.operations.packages.apt_errors import explained
from vmdsl.operations.packages.apt_index import archive_date, note_sources
from vmdsl.operations.packages.archives import Archive, check_archive, check_is_whole
from vmdsl.operations.packages.credentials import auth_conf, proxy_environment
from vmdsl.operations.packages.host_apt import HostApt, sources_for_host
from vmdsl.operations.packages.initramfs import NO_INITRAMFS, first_initramfs
from vmdsl.operations.packages.named import foreign_names, kernel_has_room
from vmdsl.operations.packages.prefetch import prefetching
from vmdsl.operations.packages.sources import (
    FOLDER,
    Source,
    check_keyrings,
    check_source,
    install_keyring,
)
from vmdsl.operations.systems.least_sizes import least_size
from vmdsl.operations.systems.leftovers import remove_resolver, set_change_day
from vmdsl.operations.systems.roots import RootMaker
from vmdsl.values import Suite, is_debian_suite

Variant = Literal["minbase", "buildd", "important", "standard"]
SourcesFormat = Literal["deb822", "one-line"]
#: The name of the source that debootstrap() itself makes.
MAIN = "debian"

#: Beside an index: mmdebstrap's own sources.list, where the recipe names no mirror.
_DEFAULTS = "vmdsl-defaults"

_PRIORITIES = {
    "minbase": (),
    "buildd": (),
    "important": ("important",),
    "standard": ("important", "standard"),
}
#: These leave it to debootstrap to merge /usr, and have their sources in one file of lines.
_BEFORE_TRIXIE = ("buster", "bullseye", "bookworm")
_MERGED_USR = "/usr/share/mmdebstrap/hooks/merged-usr"
_RETRY = 'Acquire::Retries "3"'
_ARCHIVES = "/var/cache/apt/archives"
_CERTIFICATES = "/usr/local/share/ca-certificates"
#: In the scratch directory.
_CREDENTIALS = Path("credentials/auth.conf")
_OWN_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
#: Options that were for this bootstrap alone.
_LEFT_BY_MMDEBSTRAP = (
    "/etc/apt/apt.conf.d/99mmdebstrap",
    "/etc/dpkg/dpkg.cfg.d/99mmdebstrap",
)


@operation
class Debootstrap(RootMaker):
    """A minimal Debian system, made by mmdebstrap."""

    programs = ("mmdebstrap",)
    irrelevant = ("proxy", "credentials")
    installs_anything = False

    mirror: str
    keyring: Path | None
    install_keyring: bool
    check_valid_until: bool
    components: tuple[str, ...]
    sources: tuple[Source, ...]
    format: SourcesFormat
    tls_ca_certs: tuple[Path, ...]
    proxy: str
    credentials: Credentials | None
    variant: Variant
    include: tuple[str, ...]
    exclude: tuple[str, ...]

    def summary(self) -> str:
        return f"debootstrap {self.suite} ({self.variant}, {self.arch})"

    @property
    def keyrings(self) -> tuple[Path, ...]:
        """The local files of the keyrings of all sources."""
        own = () if self.keyring is None else (self.keyring,)
        return (*own, *(file for source in self.sources for file in source.keyring_files))

    def local_files(self) -> tuple[Path, ...]:
        return (*self.keyrings, *self.tls_ca_certs)

    def packages_named(self) -> tuple[str, ...]:
        return (*self.include, *(("python3",) if self.variant == "standard" else ()))

    def least_content(self) -> int:
        return 0 if self.exclude else least_size(self.suite.name, self.variant)

    def network(self) -> str:
        uris = [self.mirror or "Debian's mirrors", *(u for s in self.sources for u in s.uris)]
        return ", ".join(uris)

    def adds_archive(self) -> bool:
        return bool(self.mirror or self.sources)

    def suites(self) -> tuple[str, ...]:
        by_default = () if self.mirror else (f"{self.suite}-updates", f"{self.suite}-security")
        more = [suite for source in self.sources for suite in source.suites]
        return (self.suite.name, *by_default, *more)

    def check_plan(self, operations: Sequence[Operation], *, complete: bool) -> Iterator[Problem]:
        """Report what Debian's archive does not have, and keyrings that apt cannot read."""
        yield from super().check_plan(operations, complete=complete)
        yield from check_keyrings(self, self.keyrings)
        archive = Archive(
            uris=(self.mirror,) if self.mirror else (),
            has_debians_keys=self.keyring is None,
            checks_date=self.check_valid_until,
        )
        yield from check_archive(self, archive, [self.suite.name], self.components)
        if not self.sources:
            yield from check_is_whole(self, archive, self.suite.name)
        for source in self.sources:
            yield from check_source(self, source)
        names, is_debians = self.include, not self.adds_archive()
        yield from foreign_names(
            self, names, suite=self.suite, arch=self.arch, is_debians=is_debians
        )

    def check_layout(self, layout: Layout) -> Iterator[Problem]:
        yield from kernel_has_room(self, self.packages_named(), self.arch, layout)

    def apply(self, tree: Tree) -> None:
        """Learn the date of the archive's index, then install from just that index."""
        with explained(self), self._revealed(tree):
            cache, sources = package_cache(tree), self.index_sources(tree.recipe_directory)
            lists = cache.archive(self.suite.name, sources, partial(self._fetch, tree))
            cache.set_epoch(archive_date(lists))
            main = self._main_of(lists)
            files = sources_for_host(tree, main, self.sources)
            apt = self._apt(tree)
            apt.use(lists, files)
            printed = apt.would_fetch(self._fetched())
            with cache.packages(printed), prefetching(tree, apt, self.root, printed):
                self._mmdebstrap(
                    tree,
                    *self._selection(),
                    *self._hooks(tree),
                    *(f"--aptopt={option}" for option in apt.shared()),
                    f'--setup-hook=cp -r {lists}/. "$1/var/lib/apt/lists/"',
                    "--skip=check/empty,update,essential/unlink,cleanup/apt",
                    target=tree.path,
                    where=files,
                )
            tree.mkdir(f"{_ARCHIVES}/partial", mode=0o700, uid="_apt", gid=0)
            tree.write(f"{_ARCHIVES}/lock", "", mode=0o640)
        for number, file in enumerate(files):
            tree.remove(f"{FOLDER}/{number:04}{file.name}")
        self._write_sources(tree, main)
        tree.inside(note_sources)
        today = tree.epoch // 86400
        tree.write("/etc/hostname", "localhost\n")
        tree.inside(remove_resolver)
        for path in _LEFT_BY_MMDEBSTRAP:
            tree.remove(path)
        tree.write("/etc/machine-id", "")
        for path in ("/etc/shadow", "/etc/shadow-"):
            if tree.exists(path):
                tree.inside(partial(set_change_day, path, today))

    def complete(self, tree: Tree) -> None:
        """Make the initramfs of each kernel, when all packages are there that have a part in it."""
        first_initramfs(tree)

    @contextmanager
    def _revealed(self, tree: Tree) -> Iterator[None]:
        """Have the credentials in memory, where this machine's apt looks for them."""
        if self.credentials is None:
            yield
            return
        folder = tree.scratch / _CREDENTIALS.parent
        folder.mkdir()
        tree.run("mount", "-t", "tmpfs", "-o", "mode=0700", "tmpfs", str(folder))
        lines = auth_conf(self.credentials, tree.reveal(self.credentials.secret))
        (tree.scratch / _CREDENTIALS).write_text(lines, encoding="utf-8")
        try:
            yield
        finally:
            tree.run("umount", "--lazy", str(folder))

    def index_sources(self, directory: Path) -> str:
        """Return all that the index depends on, but for the proxy; `directory` is the recipe's."""
        main = self._source({self.mirror: [self.suite.name]})
        about = {
            "arch": self.arch,
            "sources": [
                source.stanza(_digest(directory, source.keyring_files))
                for source in (*main, *self.sources)
            ],
            "certificates": _digest(directory, self.tls_ca_certs),
        }
        return json.dumps(about, indent=1)

    def unpack_native(self, tree: Tree, packages: Sequence[str], place: Path) -> bool:
        """Unpack packages of the same archive for this machine, without its other sources."""
        arch = arch_of(platform.machine())
        if arch is None or self.credentials or not is_debian_suite(self.suite.name):
            return False
        replace(self, arch=arch, sources=()).apt_beside(tree).unpack(packages, place)
        return True

    def apt_beside(self, tree: Tree) -> HostApt:
        """Return apt of this machine with the archive's index, for work beside the system."""
        sources, fetch = self.index_sources(tree.recipe_directory), partial(self._fetch, tree)
        name = f"{self.suite} for {self.arch}"
        lists = package_cache(tree).archive(name, sources, fetch, aside=True)
        apt = self._apt(tree)
        apt.use(lists, sources_for_host(tree, self._main_of(lists), ()))
        return apt

    def _fetch(self, tree: Tree, lists: Path) -> None:
        """Fill a directory with the index, and with what mmdebstrap takes by default."""
        defaults = "" if self.mirror else self._defaults(tree)
        apt = self._apt(tree)
        apt.use(lists, sources_for_host(tree, self._main(defaults), self.sources))
        apt.update()
        (lists / _DEFAULTS).write_text(defaults, encoding="utf-8")

    def _defaults(self, tree: Tree) -> str:
        """Return the sources.list that mmdebstrap writes by itself."""
        place = tree.scratch / f"defaults-{self.arch}"
        nothing_yet = ("--variant=custom", "--skip=update,cleanup")
        self._mmdebstrap(tree, *nothing_yet, target=place, where=())
        return (place / "etc/apt/sources.list").read_text(encoding="utf-8")

    def _apt(self, tree: Tree) -> HostApt:
        return HostApt(
            tree=tree,
            arch=self.arch,
            options=[_RETRY, *self._trust(tree)],
            env=proxy_environment(self.proxy),
        )

    def _main(self, defaults: str) -> list[Source]:
        """Return the archive itself: the mirror, or what mmdebstrap takes by default."""
        return self._source({self.mirror: [self.suite.name]} if self.mirror else _places(defaults))

    def _main_of(self, lists: Path) -> list[Source]:
        """Return the archive itself as it was when an index was fetched; take that note away."""
        defaults = lists / _DEFAULTS
        main = self._main(defaults.read_text(encoding="utf-8"))
        defaults.unlink()
        return main

    def _source(self, places: Mapping[str, Sequence[str]]) -> list[Source]:
        return [
            Source(
                name=MAIN,
                uris=(uri,),
                suites=suites,
                components=self.components,
                keyring=self.keyring or "",
                install_keyring=self.install_keyring,
                check_valid_until=self.check_valid_until,
            )
            for uri, suites in places.items()
        ]

    def _write_sources(self, tree: Tree, main: list[Source]) -> None:
        """Replace what mmdebstrap read by what stays in the system."""
        signed_by = install_keyring(tree, main[0])
        if self.format == "deb822":
            stanzas = "\n".join(source.stanza(signed_by) for source in main)
            tree.write(f"{FOLDER}/{MAIN}.sources", stanzas)
        else:  # Debian's own keys are trusted without a word, and lines may be added to these
            signed_by = signed_by if self.keyring else ""
            lines = "".join(source.lines(signed_by) for source in main)
            tree.write("/etc/apt/sources.list", lines)
        for source in self.sources:
            keys = install_keyring(tree, source)
            tree.write(f"{FOLDER}/{source.name}.sources", source.stanza(keys))

    def _mmdebstrap(self, tree: Tree, *options: str, target: Path, where: Iterable[Path]) -> None:
        tree.run(
            "mmdebstrap",
            "--mode=root",
            "--format=directory",
            f"--architectures={self.arch}",
            f"--components={','.join(self.components)}",
            "--dpkgopt=force-unsafe-io",
            *(f"--aptopt={option}" for option in (_RETRY, *self._trust(tree))),
            "--skip=check/qemu,check/signed-by",  # the plan's checks and the sources know
            "--verbose",
            *options,
            self.suite.name,
            str(target),
            *map(str, where),
            env={**NO_INITRAMFS, **proxy_environment(self.proxy)},
        )

    def _trust(self, tree: Tree) -> list[str]:
        """Return options for this machine's apt: the credentials, and whom it trusts besides."""
        login = [f'Dir::Etc::netrc "{tree.scratch / _CREDENTIALS}"'] if self.credentials else []
        if not self.tls_ca_certs:
            return login
        bundle = tree.scratch / "certificates"
        own = [_OWN_CERTIFICATES] if _OWN_CERTIFICATES.is_file() else []
        given = [tree.recipe_directory / file for file in self.tls_ca_certs]
        bundle.write_bytes(b"\n".join(file.read_bytes() for file in [*own, *given]))
        return [*login, f'Acquire::https::CaInfo "{bundle}"']

    def _hooks(self, tree: Tree) -> list[str]:
        hooks = [f"--hook-dir={_MERGED_USR}"] if is_before_trixie(self.suite) else []
        before, after = package_cache(tree).native_hooks()
        if before:
            hooks += [f"--extract-hook={before}", f"--customize-hook={after}"]
        if self.tls_ca_certs:
            files = [str(tree.recipe_directory / file) for file in self.tls_ca_certs]
            place = f'"$1{_CERTIFICATES}"'
            hooks.append(
                f"--essential-hook=mkdir -p {place} && install -m 644 {shlex.join(files)} {place}"
            )
        return hooks

    def _selection(self) -> list[str]:
        """Return the options that say what is installed."""
        if not self.exclude:
            wanted = ",".join(self._wanted())
            return [f"--variant={self.variant}", *([f"--include={wanted}"] if wanted else [])]
        return ["--variant=apt", *(f"--include={name}" for name in self._names())]

    def _names(self) -> list[str]:
        """Return all that is installed, as packages and apt's patterns."""
        priorities = [f"?priority({p})" for p in ("required", *_PRIORITIES[self.variant])]
        wanted = self._wanted()
        if self.variant == "buildd":
            wanted.append("build-essential")
        if not self.exclude:
            return [*wanted, self._narrow(f"?or(?essential,{','.join(priorities)})")]
        unwanted = ",".join(f"?exact-name({name})" for name in self.exclude)
        none_of = f"?not({unwanted})" if len(self.exclude) == 1 else f"?not(?or({unwanted}))"
        return [*wanted, *(self._narrow(f"?and({p},{none_of})") for p in priorities)]

    def _fetched(self) -> list[str]:
        """Return all that mmdebstrap and its hooks install."""
        return [*self._names(), *(["usr-is-merged"] if is_before_trixie(self.suite) else [])]

    def _wanted(self) -> list[str]:
        """Return the packages that are named, or needed for the sources.

        Debian's minimal system has apt, and those of others may lack it.
        """
        uris = [self.mirror, *(uri for source in self.sources for uri in source.uris)]
        tls = self.tls_ca_certs or any(uri.startswith("https:") for uri in uris)
        wanted = list(self.include)
        if tls and "ca-certificates" not in (*wanted, *self.exclude):
            wanted.append("ca-certificates")
        if not is_debian_suite(self.suite.name) and "apt" not in (*wanted, *self.exclude):
            wanted.append("apt")
        return wanted

    def _narrow(self, pattern: str) -> str:
        suite = f"?or(?archive(^{self.suite}$),?codename(^{self.suite}$))"
        return f"?narrow({suite},?architecture({self.arch}),{pattern})"


def is_before_trixie(suite: Suite) -> bool:
    """Return whether a suite is of one of Debian's releases before trixie."""
    return suite.name.partition("-")[0] in _BEFORE_TRIXIE


def _places(lines: str) -> dict[str, list[str]]:
    """Return the addresses in a sources.list, each with its suites."""
    found: dict[str, list[str]] = {}
    for line in lines.splitlines():
        _, uri, suite, *_ = line.split()
        found.setdefault(uri, []).append(suite)
    return found


def _digest(directory: Path, files: Iterable[Path]) -> str:
    """Return checksums of local files."""
    contents = [(directory / file).read_bytes() for file in files]
    return " ".join(hashlib.sha256(content).hexdigest() for content in contents)
