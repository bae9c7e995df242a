"""debootstrap and apt: where a system comes from and what is added to it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

from vmdsl.language.handles import Mounted, RootFs
from vmdsl.language.operations import Fact, Tree, TreeOperation
from vmdsl.language.recording import one_of, record, refuse
from vmdsl.values import Arch, Suite

Variant = Literal["minbase", "important", "standard"]

_PRIORITIES = {"minbase": (), "important": ("important",), "standard": ("important", "standard")}
#: Until bookworm, base-files left it to debootstrap to merge /usr.
_UNMERGED = ("buster", "bullseye", "bookworm")
_MERGED_USR = "/usr/share/mmdebstrap/hooks/merged-usr"
#: The host's resolver, and options that were for this bootstrap alone.
_LEFT_BY_MMDEBSTRAP = (
    "/etc/resolv.conf",
    "/etc/apt/apt.conf.d/99mmdebstrap",
    "/etc/dpkg/dpkg.cfg.d/99mmdebstrap",
)
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]*(:[a-z0-9]+)?([=/][A-Za-z0-9.+:~-]+)?")


@dataclass(frozen=True, kw_only=True, eq=False)
class RootMaker(TreeOperation):
    """What fills the empty tree with a system."""

    suite: Suite
    arch: Arch


@dataclass(frozen=True, kw_only=True, eq=False)
class Debootstrap(RootMaker):
    """A minimal Debian system, made by mmdebstrap."""

    programs = ("mmdebstrap",)

    mirror: str
    components: tuple[str, ...]
    variant: Variant
    include: tuple[str, ...]
    exclude: tuple[str, ...]

    def summary(self) -> str:
        return f"debootstrap {self.suite} ({self.variant}, {self.arch})"

    def apply(self, tree: Tree) -> None:
        """Fetch the archive's index, learn its date, then install from just that index."""
        lists = tree.scratch / "index"
        tree.run(
            *self._mmdebstrap("--variant=custom", "--skip=cleanup"), str(lists), *self._where()
        )
        lists = lists / "var/lib/apt/lists"
        tree.set_epoch(archive_date(lists))
        env = {"SOURCE_DATE_EPOCH": str(tree.epoch)}
        hooks = [f"--hook-dir={_MERGED_USR}"] if self.suite.name in _UNMERGED else []
        tree.run(
            *self._mmdebstrap(
                *self._selection(),
                *hooks,
                f'--setup-hook=cp -r {lists}/. "$1/var/lib/apt/lists/"',
                "--skip=update,cleanup/apt/lists",
            ),
            str(tree.path),
            *self._where(),
            env=env,
        )
        tree.inside(_note_sources)
        today = tree.epoch // 86400
        tree.write("/etc/hostname", "localhost\n")
        for path in _LEFT_BY_MMDEBSTRAP:
            tree.remove(path)
        tree.write("/etc/machine-id", "")
        for path in ("/etc/shadow", "/etc/shadow-"):
            if tree.exists(path):
                tree.inside(partial(_set_change_day, path, today))

    def _mmdebstrap(self, *options: str) -> list[str]:
        return [
            "mmdebstrap",
            "--mode=root",
            "--format=directory",
            f"--architectures={self.arch}",
            f"--components={','.join(self.components)}",
            "--dpkgopt=force-unsafe-io",
            '--aptopt=Acquire::Retries "3"',
            "--skip=check/qemu",  # the plan's checks know what this machine can run
            "--verbose",
            *options,
            self.suite.name,
        ]

    def _where(self) -> list[str]:
        return [self.mirror] if self.mirror else []

    def _selection(self) -> list[str]:
        wanted = list(self.include)
        if not self.exclude:
            return [
                f"--variant={self.variant}",
                *([f"--include={','.join(wanted)}"] * bool(wanted)),
            ]
        unwanted = ",".join(f"?exact-name({name})" for name in self.exclude)
        none_of = f"?not({unwanted})" if len(self.exclude) == 1 else f"?not(?or({unwanted}))"
        priorities = ("required", *_PRIORITIES[self.variant])
        wanted += [f"?and(?priority({priority}),{none_of})" for priority in priorities]
        return ["--variant=apt", *(f"--include={name}" for name in wanted)]


def debootstrap(
    mounted: Mounted[Any],
    *,
    suite: Suite | str,
    arch: Arch = Arch.AMD64,
    mirror: str = "",
    components: Sequence[str] = ("main",),
    variant: Variant = "important",
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    unless: Fact | None = None,
) -> RootFs:
    """Install a minimal Debian into the root filesystem.

    `variant` says which of the archive's packages: `minbase` those of priority required,
    `important` these too (what debootstrap installs by default), `standard` those as well.
    `mirror` is a mirror's address; without one mmdebstrap's default mirrors are used, with their
    updates and security fixes. `include` adds packages, `exclude` leaves packages out.
    """
    check_place(mounted)
    one_of("variant", variant, get_args(Variant))
    for name in ("components", "include", "exclude"):
        if isinstance(locals()[name], str):
            raise refuse(f"{name}= is one text", f'write a list: {name}=["{locals()[name]}"]')
    chosen = suite_of(suite)
    record(
        Debootstrap(
            root=mounted,
            suite=chosen,
            arch=arch,
            mirror=mirror,
            components=tuple(components),
            variant=variant,
            include=_packages(include),
            exclude=_packages(exclude),
            unless=unless,
        )
    )
    return RootFs(mounted=mounted, suite=chosen, arch=arch)


@dataclass(frozen=True, kw_only=True, eq=False)
class Apt(TreeOperation):
    """Installed packages, with one initramfs a kernel, made at the end."""

    packages: tuple[str, ...]
    recommends: bool

    def summary(self) -> str:
        return f"apt install {' '.join(self.packages)}"

    def apply(self, tree: Tree) -> None:
        """Install; the initramfs comes last, when all that belongs in it is there."""
        env = {**NONINTERACTIVE, "INITRD": "No"}
        if not tree.inside(_index_is_current):
            tree.chroot("apt-get", "-q", "update", env=env)
            tree.inside(_note_sources)
        tree.chroot(
            "apt-get",
            "-q",
            "-y",
            "-oDpkg::Use-Pty=0",
            "-oDPkg::Options::=--force-unsafe-io",
            "-oAcquire::Retries=3",
            "install",
            "--install-recommends" if self.recommends else "--no-install-recommends",
            *self.packages,
            env=env,
        )
        tree.chroot("apt-get", "clean", env=env)
        for version in tree.inside(_kernels_without_initramfs):
            tree.chroot("sh", "-ec", _INITRAMFS, "sh", version)


#: INITRD=No also kept the kernel's package from making the link /initrd.img.
_INITRAMFS = """\
update-initramfs -c -k "$1"
! command -v linux-update-symlinks >/dev/null ||
    linux-update-symlinks install "$1" "/boot/vmlinuz-$1"
"""
NONINTERACTIVE = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}


def apt(root: RootFs, *packages: str, recommends: bool = True, unless: Fact | None = None) -> None:
    """Install packages, and what they recommend unless `recommends` is off.

    A package may carry a version (`curl=8.14.1-2`) or a suite (`curl/trixie-backports`).
    """
    if not packages:
        raise refuse("apt without a package", 'name them: apt(system(), "curl")')
    record(Apt(root=root, packages=_packages(packages), recommends=recommends, unless=unless))


def archive_date(lists: Path) -> int:
    """The newest date of the archive's indexes, in seconds: the same for whoever sees this state.

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


def check_place(mounted: Mounted[Any]) -> None:
    """Refuse a system anywhere but in the root filesystem."""
    if mounted.on is not None:
        raise refuse(f"a system at {mounted.path}", "give the filesystem that is mounted at /")


def suite_of(suite: Suite | str) -> Suite:
    """The suite that a recipe names; refuses what is no name."""
    if isinstance(suite, Suite):
        return suite
    try:
        return Suite.parse(suite)
    except ValueError as error:
        raise refuse(str(error)) from None


def _packages(names: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        if not _PACKAGE.fullmatch(name):
            several = " " in name or "," in name
            raise refuse(
                f"{name!r} is not the name of a package",
                "give each package by itself" if several else "names are lower case: linux-image",
            )
    return tuple(names)


_LISTS = Path("/var/lib/apt/lists")
#: Beside the index: the sources that it was made from. It goes with the index.
_SOURCES_OF_INDEX = _LISTS / "vmdsl-sources"


def _sources() -> str:
    """What /etc/apt says of where packages come from, as one text."""
    files = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    return "".join(f"{p}\n{p.read_text(encoding='utf-8')}" for p in files if p.is_file())


def _index_is_current() -> bool:
    return _SOURCES_OF_INDEX.exists() and _SOURCES_OF_INDEX.read_text("utf-8") == _sources()


def _note_sources() -> None:
    _SOURCES_OF_INDEX.write_text(_sources(), encoding="utf-8")


def _kernels_without_initramfs() -> list[str]:
    if shutil.which("update-initramfs") is None:
        return []
    kernels = [path.name.removeprefix("vmlinuz-") for path in Path("/boot").glob("vmlinuz-*")]
    return sorted(v for v in kernels if not Path(f"/boot/initrd.img-{v}").exists())


def _set_change_day(path: str, day: int) -> None:
    """Say that all passwords were last changed on `day`, not on the day of the build."""
    lines = [line.split(":") for line in Path(path).read_text(encoding="utf-8").splitlines()]
    for fields in lines:
        if fields[2]:
            fields[2] = str(day)
    Path(path).write_text("".join(":".join(fields) + "\n" for fields in lines), encoding="utf-8")
