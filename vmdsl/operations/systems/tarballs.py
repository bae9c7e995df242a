"""Root filesystems as tarballs: unpacked instead of a bootstrap, and written for the next time."""

from __future__ import annotations

import errno
import importlib
import os
import tarfile
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any

from vmdsl.errors import BuildError, OwnerError
from vmdsl.language.effects import Tree, TreeOperation, package_cache
from vmdsl.language.handles import Mounted, RootFs
from vmdsl.language.operation import Fact, operation, record, refuse
from vmdsl.machines import Arch
from vmdsl.operations.systems.leftovers import LEFTOVERS
from vmdsl.operations.systems.roots import (
    RootMaker,
    SystemSource,
    check_place,
    check_proxy,
    suite_of,
)
from vmdsl.values import Suite

#: The compression of each ending, as GNU tar's option for it; "" for none.
COMPRESSIONS = {
    ".tar": "",
    ".tar.gz": "--gzip",
    ".tgz": "--gzip",
    ".tar.bz2": "--bzip2",
    ".tar.xz": "--xz",
    ".txz": "--xz",
    ".tar.zst": "--zstd",
}
_XATTR = "SCHILY.xattr."


@operation
class SystemFrom(RootMaker):
    """A system that was made before, from its tarball."""

    tarball: Path

    def summary(self) -> str:
        return f"system from {self.tarball}"

    def local_files(self) -> tuple[Path, ...]:
        return (self.tarball,)

    def apply(self, tree: Tree) -> None:
        _unpack(tree, tree.recipe_directory / self.tarball)


def system_from(
    mounted: Mounted[Any],
    tarball: str | Path,
    *,
    suite: Suite | str,
    arch: Arch = Arch.AMD64,
    proxy: str = "",
) -> RootFs:
    """Unpack a tarball of a whole Debian system into the root filesystem.

    `tarball` is relative to the recipe's directory; it may be compressed with gzip, bzip2, xz or
    zstd. `suite` and `arch` say what is in it. Owners are those of the numbers in the tarball;
    device nodes are left out, as the system makes its own. The build's time (SOURCE_DATE_EPOCH) is
    that of the newest file in it. `proxy` is the address of a proxy for every `apt()` of the
    system, and is not part of the image.
    """
    check_place(mounted)
    check_proxy(proxy)
    chosen = suite_of(suite)
    record(SystemFrom(root=mounted, suite=chosen, arch=arch, tarball=Path(tarball)))
    return RootFs(mounted=mounted, suite=chosen, arch=arch, proxy=proxy)


@operation
class UnpackRootfs(SystemSource):
    """A system from its tarball, if there is one already."""

    installs_anything = False

    tarball: Path | None
    fact: Fact

    @property
    def found(self) -> Fact:
        return self.fact

    def summary(self) -> str:
        return f"unpack {self.tarball}, if it exists" if self.tarball else "no tarball to unpack"

    def local_files(self) -> tuple[Path, ...]:
        there = self.tarball and (self.directory / self.tarball).is_file()
        return (self.tarball,) if self.tarball and there else ()

    def apply(self, tree: Tree) -> None:
        tarball = tree.recipe_directory / self.tarball if self.tarball else None
        there = tarball is not None and tarball.exists()
        if tarball and there:
            _unpack(tree, tarball)
        tree.decide(self.fact, there)


def unpack_rootfs(mounted: Mounted[Any], tarball: str | Path | None) -> Fact:
    """Unpack a tarball of a system, if there is one; the Fact says whether there was.

    Pass the Fact as `unless=` to debootstrap() and to what follows it up to cache_rootfs(), which
    writes the tarball for the next build. Nothing notices that these steps have changed since: then
    remove the tarball. system_from() says what it may be. Without one (None), as an
    optional_path() may be, nothing is unpacked.
    """
    check_place(mounted)
    fact = Fact()
    path = None if tarball is None else Path(tarball)
    record(UnpackRootfs(root=mounted, tarball=path, fact=fact))
    return fact


@operation
class CacheRootfs(TreeOperation):
    """The tarball of the tree as it is now."""

    reads_layout = False
    installs_anything = False
    changes_tree = False

    in_system = False
    programs = ("tar",)
    tarball: Path | None

    def summary(self) -> str:
        return f"write {self.tarball}" if self.tarball else "no tarball to write"

    def apply(self, tree: Tree) -> None:
        """Write beside the tarball and rename, so that a half-written one never has its name."""
        if self.tarball is None:
            return
        tarball = tree.recipe_directory / self.tarball
        part = tarball.with_name(f".{tarball.name}.vmdsl-part")
        compression = COMPRESSIONS[ending(tarball)]
        try:
            tree.run(
                "tar",
                *([compression] if compression else []),
                "--create",
                f"--file={part}",
                f"--directory={tree.path}",
                "--format=posix",
                "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime",
                "--sparse",
                "--sparse-version=0.0",  # the others put the number of the process into names
                "--xattrs",
                "--numeric-owner",
                "--sort=name",
                f"--mtime=@{tree.epoch}",
                "--clamp-mtime",
                "--anchored",
                "--wildcards",
                *(f"--exclude=./{pattern}" for pattern in LEFTOVERS),
                ".",
            )
            part.replace(tarball)
        finally:
            part.unlink(missing_ok=True)


def cache_rootfs(root: RootFs, tarball: str | Path | None, *, unless: Fact | None = None) -> None:
    """Write the system, as it is at this step, to a tarball; one that is there is replaced.

    The ending of its name says how it is compressed: .tar, .tar.gz, .tar.bz2, .tar.xz, .tar.zst.
    All that the recipe mounts is in it. Package indexes, logs and caches are not. With None,
    nothing is written.
    """
    path = None if tarball is None else Path(tarball)
    if path and ending(path) not in COMPRESSIONS:
        known = ", ".join(COMPRESSIONS)
        raise refuse(
            f"{path.name!r} does not say how it is compressed",
            f"end it with {known}",
            about="tarball",
            code="tarball",
        )
    record(CacheRootfs(root=root, tarball=path, unless=unless))


def ending(tarball: Path) -> str:
    """Return the suffix that says how a tarball is compressed, such as `.tar.gz`."""
    return next((e for e in COMPRESSIONS if tarball.name.endswith(e)), tarball.suffix)


def _unpack(tree: Tree, tarball: Path) -> None:
    if ending(tarball) == ".tar.zst":  # which Python's tarfile cannot read yet
        plain = tree.scratch / "rootfs.tar"
        tree.run("zstd", "--quiet", "--decompress", str(tarball), "-o", str(plain))
        tarball = plain
    for module in ("bz2", "gzip", "lzma"):  # in the tree it is too late for tarfile to import them
        importlib.import_module(module)
    with tarball.open("rb") as file:
        try:
            newest = tree.inside(partial(unpack, file))
        except (tarfile.TarError, OSError, EOFError, KeyError) as error:
            reason = str(error).splitlines()[0].rstrip(":")
            raise BuildError(
                f"{tarball.name} could not be unpacked: {reason}", code="tarball"
            ) from None
    package_cache(tree).set_epoch(newest)


class _Tar(tarfile.TarFile):
    """A tarball whose entries may have owners that no file can have here."""

    def chown(self, tarinfo: tarfile.TarInfo, targetpath: Any, numeric_owner: bool) -> None:  # noqa: FBT001 (tarfile's)
        """Give a file its owner. Raises OwnerError."""
        try:
            super().chown(tarinfo, targetpath, numeric_owner)
        except tarfile.ExtractError as error:
            if getattr(error.__cause__, "errno", None) != errno.EINVAL:
                raise
            owner = (tarinfo.uid, tarinfo.gid)
            what = (
                f"{tarinfo.name} in the tarball belongs to {owner[0]}:{owner[1]}, and no file can"
            )
            raise OwnerError(
                f"{what}: your range of ids is too short", ids=owner, code="ids"
            ) from None


def unpack(file: IO[bytes]) -> int:
    """Unpack a tarball into the root directory; called in the tree, so nothing leads out of it.

    Returns the newest time in it, in seconds. Raises tarfile.TarError and OSError.
    """
    with _Tar.open(fileobj=file, mode="r:*", errorlevel=2) as tar:
        tar.extraction_filter = _as_it_is
        members = [m for m in tar.getmembers() if not (m.ischr() or m.isblk())]
        if not any(PurePosixPath(m.name).parts[:1] == ("usr",) for m in members):
            raise tarfile.TarError("it does not hold a system: there is no ./usr in it")
        tar.extractall("/", members=members, numeric_owner=True)  # noqa: S202 (in the tree)
        _set_attributes(members)
    return int(max(m.mtime for m in members))


def _as_it_is(member: tarfile.TarInfo, _: str) -> tarfile.TarInfo:
    return member


def _set_attributes(members: Sequence[tarfile.TarInfo]) -> None:
    """Set what tarfile leaves out: extended attributes, times of symlinks, parts of a second."""
    for member in members:
        path = f"/{member.name}"
        for key, value in member.pax_headers.items():
            if key.startswith(_XATTR) and not member.islnk():
                content = value.encode("utf-8", "surrogateescape")
                os.setxattr(path, key.removeprefix(_XATTR), content, follow_symlinks=False)
        time = int(Decimal(member.pax_headers.get("mtime", member.mtime)) * 10**9)
        os.utime(path, ns=(time, time), follow_symlinks=False)
