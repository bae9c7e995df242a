"""apt: packages that are added to a system, and taken away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from vmdsl.errors import Advice, CommandError, Hint, Problem, code
from vmdsl.language.arguments import argument_of
from vmdsl.language.effects import Tree, TreeOperation, package_cache
from vmdsl.language.handles import RootFs
from vmdsl.language.layout import Layout
from vmdsl.language.operation import (
    Fact,
    Operation,
    operation,
    record,
    refuse,
    warn,
)
from vmdsl.machines import arch_of
from vmdsl.operations.packages.apt_errors import explained
from vmdsl.operations.packages.apt_index import current_index, use_index
from vmdsl.operations.packages.archives import suite_meant
from vmdsl.operations.packages.credentials import apt_environment
from vmdsl.operations.packages.host_apt import PRINT, PRINT_TO
from vmdsl.operations.packages.initramfs import NO_INITRAMFS, one_initramfs
from vmdsl.operations.packages.named import (
    debians_name,
    foreign_names,
    is_missing,
    kernel_has_room,
    named_above,
    suites_above,
)
from vmdsl.operations.packages.sources import check_architectures, first_bytes
from vmdsl.values import Suite, is_debian_suite

NONINTERACTIVE = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
#: Meanwhile no initramfs is made: one is, at the end.
_APT = {**NONINTERACTIVE, **NO_INITRAMFS}
_OPTIONS = (
    "-q",
    "-y",
    "-oDpkg::Use-Pty=0",
    "-oDPkg::Path=",  # scripts of packages find the programs that stand in for some, too
    "-oDPkg::Options::=--force-unsafe-io",
    "-oAcquire::Retries=3",
)
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]*(?<!-)(\^|(:[a-z0-9]+)?([=/][A-Za-z0-9.+:~-]+)?)(?<!-)")
#: apt takes a + at the end for "install", and a - for "remove", if no package has that name.
_ONE_PLUS = re.compile(r"[^+]\+$")
#: Packages of Debian 13 whose names end with one +.
_WITH_PLUS = (
    *("elpa-ghub+", "elpa-ido-completing-read+", "elpa-ox-texinfo+", "impose+", "memtest86+"),
    *("minisat+", "ncbi-blast+", "wmweather+"),
)
_SUITE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+~-]*")
#: Debian's essential packages, in all releases from bullseye on, and some that these need.
_ESSENTIAL = (
    *("base-files", "base-passwd", "bash", "coreutils", "dash", "debianutils", "diffutils"),
    *("dpkg", "findutils", "grep", "gzip", "hostname", "init-system-helpers", "libc-bin", "libc6"),
    *("ncurses-base", "ncurses-bin", "perl-base", "sed", "tar", "util-linux"),
)
#: So many names of one letter are the letters of one name.
_LETTERS = 3
#: What may follow a package's name and is the name of no architecture.
_NOT_FOREIGN = ("any", "native", "all")
#: Local packages lie here while they are installed.
_DEBS = "/run/vmdsl-packages"
_URIS = "/run/vmdsl-uris"
#: What a .deb file begins with.
_DEB = b"!<arch>\ndebian-binary"


@operation
class Apt(TreeOperation):
    """Installed packages, with one initramfs a kernel, made at the end."""

    reads_layout = False
    installs_anything = False

    packages: tuple[str, ...]
    debs: tuple[Path, ...]
    suite: str
    recommends: bool

    def summary(self) -> str:
        return f"apt install {' '.join([*self.packages, *(deb.name for deb in self.debs)])}"

    def local_files(self) -> tuple[Path, ...]:
        return self.debs

    def packages_named(self) -> tuple[str, ...]:
        local = [deb.name.partition("_")[0] for deb in self.debs]
        return (*local, *(re.split("[:=/]", name)[0] for name in self.packages))

    def network(self) -> str:
        return "the archives of the system"

    def adds_archive(self) -> bool:
        return bool(self.debs)

    def check_plan(self, operations: Sequence[Operation], *, complete: bool) -> Iterator[Problem]:
        """Report local files that are not packages, what no source has, and what Debian lacks."""
        del complete
        system, names = self.root, self.packages
        given = (self.suite, *(name.partition("/")[2] for name in names))
        is_debians, known = False, frozenset[str]()
        if any(given) or any(debians_name(name, system.arch) for name in names):
            known, named = suites_above(self, operations), named_above(self, operations)
            is_debians = bool(known) and named is not None and not named.other_archives
        yield from foreign_names(
            self, names, suite=system.suite, arch=system.arch, is_debians=is_debians
        )
        for suite in dict.fromkeys(given):
            if is_missing(suite, known):
                what = f"no source of the system has the suite {suite}"
                place = f'name="more", uris=["http://mirror.example/debian"], suites=["{suite}"]'
                hint = f"add one above: apt_source(system(), Source({place}))"
                yield self.problem(
                    what, hint, about=argument_of(self, suite), code="suite-without-source"
                )
            if suite and not is_debian_suite(suite) and (meant := suite_meant(suite)):
                what = f"Debian has no suite {suite}; another archive may"
                yield self.problem(
                    what,
                    meant,
                    about=argument_of(self, suite),
                    kind=Advice,
                    code="suite-without-source",
                )
        for file in self.debs:
            start = first_bytes(self.directory / file)
            if start is not None and not start.startswith(_DEB):
                yield self.problem(
                    f"{file} is not a Debian package",
                    "dpkg-deb --build makes one of a folder",
                    code="deb-file",
                )

    def check_layout(self, layout: Layout) -> Iterator[Problem]:
        yield from kernel_has_room(self, self.packages_named(), self.root.arch, layout)

    def apply(self, tree: Tree) -> None:
        """Install; the initramfs comes last, when all that belongs in it is there."""
        env, more = board_environment(tree, self.packages), self.architectures()
        change_packages(self, tree, self._install(), env, foreign=more, debs=self.debs)

    def _install(self) -> list[str]:
        return [
            "install",
            "--install-recommends" if self.recommends else "--no-install-recommends",
            *([f"--target-release={self.suite}"] if self.suite else []),
            *self.packages,
            *(f"{_DEBS}/{deb.name}" for deb in self.debs),
        ]

    def architectures(self) -> list[str]:
        """Return the other architectures that the packages name."""
        names = {name.partition("=")[0].partition("/")[0] for name in self.packages}
        named = {name.partition(":")[2] for name in names}
        return sorted(named - {"", self.root.arch, *_NOT_FOREIGN})


def apt(
    root: RootFs,
    *packages: str,
    debs: Sequence[str | Path] = (),
    suite: Suite | str = "",
    recommends: bool = True,
    unless: Fact | None = None,
) -> None:
    """Install packages, and what they recommend unless `recommends` is off.

    A package may carry a version (`curl=8.14.1-2`), a suite that it alone comes from
    (`curl/trixie-backports`), or another architecture (`libc6:i386`), which the system then knows.
    `standard^` are all packages of a task.
    With `suite` all of them, and what they need, come from that suite where it has them. `debs` are
    `.deb` files of this machine, relative to the recipe's directory; what they need comes from
    the archive.
    """
    if isinstance(debs, str):
        raise refuse("debs= is one text", f'write a list: debs=["{debs}"]', code="text-for-list")
    if not packages and not debs:
        raise refuse(
            "apt without a package",
            Hint("name them: ", code("apt", code("system"), "curl")),
            code="nothing-given",
        )
    files = tuple(Path(deb) for deb in debs)
    for file in files:
        if file.suffix != ".deb":
            raise refuse(
                f"{file} is not a .deb file",
                "give packages of the archive by their names",
                code="deb-file",
            )
    if len({file.name for file in files}) < len(files):
        raise refuse(
            "two files of debs= have the same name",
            "install them one after the other",
            code="deb-file",
        )
    if suite and not _SUITE.fullmatch(str(suite)):
        raise refuse(
            f"{suite!r} is not the name of a suite",
            "such as trixie-backports",
            about="suite",
            code="suite",
        )
    installed = Apt(
        root=root,
        packages=check_packages(packages),
        debs=files,
        suite=str(suite),
        recommends=recommends,
        unless=unless,
    )
    check_architectures("packages", installed.architectures())
    record(installed)


def change_packages(
    operation: TreeOperation,
    tree: Tree,
    command: Sequence[str],
    env: Mapping[str, str],
    *,
    foreign: Sequence[str] = (),
    debs: Sequence[Path] = (),
) -> None:
    """Run a command of apt that installs packages, from a current index and from kept packages.

    The system gets the `foreign` architectures first, and the command finds the `debs`. Kernels
    get their initramfs at the end.
    """
    env = {**_APT, **apt_environment(tree, operation.root), **env}
    with explained(operation, tree):
        index = current_index(tree, operation.root, foreign, env)
        for arch in foreign:
            tree.chroot("dpkg", "--add-architecture", arch)
        if index is not None:
            use_index(tree, index)
        for deb in debs:
            tree.copy_in(tree.recipe_directory / deb, f"{_DEBS}/{deb.name}", mode=0o644)
        to_fetch = _would_fetch(tree, command, env)
        with package_cache(tree).packages(to_fetch), one_initramfs(tree) as more_env:
            tree.chroot("apt-get", *_OPTIONS, *command, env={**env, **more_env})
    tree.chroot("apt-get", "clean", env=env)


def _would_fetch(tree: Tree, command: Sequence[str], env: Mapping[str, str]) -> str:
    """Return the addresses and checksums of what apt would download, as it prints them."""
    with suppress(CommandError):  # the real attempt says why
        tree.chroot(*PRINT_TO, _URIS, "apt-get", *PRINT, *command, env=env)
    return tree.read(_URIS).decode() if tree.exists(_URIS) else ""


@operation
class AptRemove(TreeOperation):
    """Packages that are taken away."""

    reads_layout = False
    installs_anything = False

    packages: tuple[str, ...]
    purge: bool
    autoremove: bool

    def summary(self) -> str:
        return f"apt {'purge' if self.purge else 'remove'} {' '.join(self.packages)}"

    def packages_removed(self) -> tuple[str, ...]:
        return self.packages

    def apply(self, tree: Tree) -> None:
        """Remove; a kernel's initramfs goes with it."""
        options = ["--auto-remove"] * self.autoremove
        with explained(self, tree), one_initramfs(tree) as more_env:
            command = ("purge" if self.purge else "remove", *options, *self.packages)
            env = {**_APT, **board_environment(tree), **more_env}
            tree.chroot("apt-get", *_OPTIONS, *command, env=env)


def apt_remove(
    root: RootFs,
    *packages: str,
    purge: bool = False,
    autoremove: bool = False,
    unless: Fact | None = None,
) -> None:
    """Remove packages, and those that need them.

    With `purge` their configuration goes too, with `autoremove` also what was installed for
    them alone. One that isn't installed is left alone; one that the archive doesn't know ends
    the build.
    """
    if not packages:
        raise refuse(
            "apt_remove without a package",
            Hint("name them: ", code("apt_remove", code("system"), "nano")),
            code="nothing-given",
        )
    for number, name in enumerate(packages):
        if name in _ESSENTIAL:
            hint = "no system works without it: leave it out"
            raise refuse(
                f"apt does not remove {name}",
                hint,
                about=f"packages[{number}]",
                code="package-name",
            )
    record(
        AptRemove(
            root=root,
            packages=check_packages(packages),
            purge=purge,
            autoremove=autoremove,
            unless=unless,
        )
    )


def board_environment(tree: Tree, packages: Sequence[str] = ()) -> Mapping[str, str]:
    """Return the variable by which flash-kernel does nothing, if it does not know the board yet.

    Its package and those of kernels run it, and no board is there that it could ask.
    """
    comes = "flash-kernel" in packages or tree.exists("/usr/sbin/flash-kernel")
    waits = comes and not tree.exists("/etc/flash-kernel/machine")
    return {"FK_MACHINE": "none"} if waits else {}


def is_package(name: str) -> bool:
    """Return whether it can be the name of a package, with what may follow one."""
    return _PACKAGE.fullmatch(name) is not None and not name.endswith(".deb")


def check_packages(names: Sequence[str], about: str = "packages") -> tuple[str, ...]:
    """Return the names of packages; refuse what can't be one."""
    if len(names) >= _LETTERS and all(len(name) == 1 for name in names):
        what, meant = "these packages are single letters", "".join(names)
        raise refuse(
            what,
            f'did you mean "{meant}"? write it without *',
            about=f"{about}[0]",
            code="package-name",
        )
    for number, name in enumerate(names):
        if not is_package(name):
            hint = f'a file goes to debs=["{name}"]' if name.endswith(".deb") else instead_of(name)
            if name.endswith(".deb") and "://" in name:
                hint = f'download it, and name the file: debs=["{name.rpartition("/")[2]}"]'
            raise refuse(
                f"{name!r} is not the name of a package",
                hint,
                about=f"{about}[{number}]",
                code="package-name",
            )
        if _ONE_PLUS.search(name) and name not in _WITH_PLUS:
            what = f"apt installs {name[:-1]!r} for {name!r}, unless that is a package"
            warn(what, "leave out the +", about=f"{about}[{number}]", code="package-name")
    return tuple(names)


def instead_of(name: str) -> str:
    """Return a hint at what to write instead of a word that is not the name of a package."""
    if not name:
        return "leave it out"
    if (version := re.fullmatch(r"(.+?) ?[<>=~!]=? ?[\w.+~:-]*", name)) and is_package(version[1]):
        return f"apt takes a certain version, {version[1]}=VERSION, or the newest, {version[1]}"
    if " " in name or "," in name:
        return "give each package by itself"
    name, colon, arch = name.partition(":")
    if colon and is_package(name) and (meant := arch_of(arch)):
        return f"did you mean {name}:{meant}?"
    if name.endswith("-") and is_package(name.rstrip("-")):
        return Hint("to remove it: ", code("apt_remove", code("system"), name.rstrip("-")))
    return "names are lower case: linux-image"
