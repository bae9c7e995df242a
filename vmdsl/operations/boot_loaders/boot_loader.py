"""Boot loaders: what each says of itself, so that any plan with it can be checked.

A boot loader is a folder beside this module, with a class that derives from BootMenu, and a
function that records it. Where it consists of several parts, the others derive from BootLoader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any, ClassVar, Literal, TypedDict, get_args

from vmdsl.errors import Advice, Problem
from vmdsl.language.effects import TreeOperation
from vmdsl.language.handles import (
    BlockDevice,
    Filesystem,
    LogicalVolume,
    Luks,
    Mounted,
    Partition,
    RootFs,
    Subvolume,
    luks_below,
    traits_of,
)
from vmdsl.language.operation import (
    Operation,
    one_of,
    operation,
    origin_of,
    problem_in,
    refuse,
    shown_name,
    shown_with_line,
)
from vmdsl.language.partition_types import type_name
from vmdsl.machines import Arch
from vmdsl.operations.disk.fat import Vfat
from vmdsl.operations.disk.swap import Swap, is_random
from vmdsl.operations.packages.named import Named, installing, named_above
from vmdsl.values import debian_suites

Console = Literal["screen", "serial"]

_BOOT = PurePosixPath("/boot")
_QUIET = ("quiet", "systemd.show_status=false", "rd.systemd.show_status=false")
#: What neither a shell nor a boot loader takes otherwise than literally.
_PARAMETER = re.compile(r"[A-Za-z0-9_.,:=/@%+~^?*!\[\]-]+")


class BootSettings(TypedDict, total=False):
    """The settings of a boot menu, as the functions of boot loaders take them."""

    console: Console
    timeout: int
    parameters: Sequence[str]
    default_parameters: Sequence[str]
    quiet: bool


_SUBVOLUME = re.compile(r"rootflags=(?:.*,)?subvol=([^,]*)")


@operation
class BootLoader(TreeOperation):
    """A boot loader, or a part of one. It uses packages that are there, and installs none."""

    installs_anything = False
    #: What messages call it.
    title: ClassVar[str]

    root: RootFs

    def needs(self) -> tuple[tuple[str, ...], ...]:
        """Return the packages whose files it takes: of each tuple, one must be installed."""
        return ()

    @property
    def architectures(self) -> tuple[Arch, ...]:
        """The architectures that it is for."""
        return tuple(Arch)

    def check_plan(self, operations: Sequence[Operation], *, complete: bool) -> Iterator[Problem]:
        """Report an architecture that it is not for, and packages that no step above installs."""
        arch = self.root.arch
        if arch not in self.architectures:
            hint = f"it is for {' and '.join(self.architectures)}"
            if own := arch.traits.needs_disk:
                hint = f"{arch} starts with {own}, which vmdsl cannot install: it needs a real disk"
            what = f"{self.summary()} is not available for {arch}"
            yield self.problem(what, hint, code="architecture")
            return
        named = named_above(self, operations) if complete else None
        for packages in self.needs() if named else ():
            if named and named.present.isdisjoint(packages):
                yield self.missing(packages[0], f"{self.summary()} needs", named.kind)

    def boot_filesystem(self, operations: Sequence[Operation]) -> Filesystem:
        """Return the filesystem that /boot of the system is on."""
        mounts = [m for m in operations if isinstance(m, Mounted) and _BOOT.is_relative_to(m.path)]
        holder: Mounted[Any] = max([self.root.mounted, *mounts], key=lambda m: len(m.path.parts))
        filesystem: Filesystem = holder.filesystem
        return filesystem

    def missing(self, package: str, why: str, kind: type[Problem]) -> Problem:
        """Return the mistake, or advice, that a package is not installed."""
        what = f"no step above installs {package}, which {why}"
        return self.problem(what, installing(package), kind=kind, code="not-installed")


@operation
class BootMenu(BootLoader):
    """A boot loader, or the part of one that starts the kernel, with its command line.

    `console` is where the menu and the kernel's messages go. `timeout` is how long the menu waits,
    in seconds; -1 waits until somebody chooses. `parameters` go to the kernel in every entry of
    the menu, `default_parameters` in all but those of the recovery mode.
    """

    #: Whether it finds its files on a volume of LVM.
    reads_volumes: ClassVar[bool] = True

    console: Console = "screen"
    timeout: int = 1
    parameters: Sequence[str] = ()
    default_parameters: Sequence[str] = ()
    quiet: bool = False

    def __post_init__(self) -> None:
        """Refuse settings that cannot be; sequences become tuples."""
        one_of("console", self.console, get_args(Console))
        if self.timeout < -1:
            raise refuse(
                f"a timeout of {self.timeout}",
                "give seconds; -1 waits until somebody chooses",
                about="timeout",
                code="boot-loader-setting",
            )
        for name in ("parameters", "default_parameters"):
            object.__setattr__(self, name, self._checked(name, getattr(self, name)))

    def _checked(self, name: str, parameters: Sequence[str]) -> tuple[str, ...]:
        if isinstance(parameters, str):
            words = ", ".join(f'"{word}"' for word in parameters.split())
            raise refuse(
                f"{name}= is one text",
                f"write a list: {name}=[{words}]",
                code="text-for-list",
            )
        for number, parameter in enumerate(parameters):
            if not _PARAMETER.fullmatch(parameter):
                several = len(parameter.split()) > 1
                raise refuse(
                    f"{parameter!r} is not a kernel parameter that {self.title} can pass on",
                    "give each parameter by itself"
                    if several
                    else "there are no spaces, quotes, or signs such as $ and ; in one",
                    about=f"{name}[{number}]",
                    code="kernel-parameter",
                )
        return tuple(parameters)

    def reads(self, filesystem: Filesystem) -> bool:
        """Return whether it finds its files if /boot is on this filesystem."""
        del filesystem
        return True

    def how_to_unlock(self, luks: Luks) -> str:
        """Return what to change so that it reads a /boot on an encrypted device, or ""."""
        del luks
        return "give /boot a filesystem of its own, which is not encrypted"

    def for_every_entry(self) -> tuple[str, ...]:
        """Return the kernel's parameters in every entry, but for its root."""
        words = list(self.parameters)
        writable = traits_of(self.root.mounted.filesystem).starts_writable
        if writable and not {"ro", "rw"}.intersection(words):
            words.append("rw")
        if self.console == "serial":
            words += ["console=tty0", f"console={self.root.arch.traits.serial}"]
        return tuple(words)

    def for_usual_entries(self) -> tuple[str, ...]:
        """Return the kernel's further parameters in all entries but those of the recovery mode."""
        return (*(_QUIET if self.quiet else ()), *self.default_parameters)

    def leaves_root_read_only(self) -> bool:
        return "rw" not in self.for_every_entry()

    def check_plan(self, operations: Sequence[Operation], *, complete: bool) -> Iterator[Problem]:
        """Report a /boot that it cannot read, and a kernel or its helpers that are missing."""
        yield from super().check_plan(operations, complete=complete)
        for name in ("parameters", "default_parameters"):
            for number, parameter in enumerate(getattr(self, name)):
                if parameter.startswith("root="):
                    what = f"{parameter} takes the place of the root that {self.title} finds"
                    about = f"{name}[{number}]"
                    yield self.problem(
                        what, "leave it out", about=about, kind=Advice, code="kernel-parameter"
                    )
        yield from self._check_subvolume()
        boot = self.boot_filesystem(operations)
        if not self.reads(boot):
            yield self.problem(
                f"{self.title} cannot read {boot.kind}, which /boot is on",
                "give /boot a filesystem of its own, such as ext4",
                code="boot-filesystem",
            )
        if isinstance(boot.device, LogicalVolume) and not self.reads_volumes:
            volume = shown_with_line(boot.device)
            yield self.problem(
                f"{self.title} cannot read {volume}, a volume of LVM, which /boot is on",
                "give /boot a partition of its own",
                code="boot-filesystem",
            )
        for luks in luks_below(boot.device):
            if hint := self.how_to_unlock(luks):
                yield self.problem(
                    f"{self.title} cannot unlock {shown_with_line(luks)}, which /boot is on",
                    hint,
                    code="boot-filesystem",
                )
        if complete and (named := named_above(self, operations)):
            yield from self._check_kernel(named)
            yield from self._check_volumes(named, operations)
            yield from self._check_encrypted(named, operations)

    def _check_subvolume(self) -> Iterator[Problem]:
        """Report a parameter that names another subvolume than that of the root, or none."""
        source = self.root.mounted.source
        path = str(source.full_path) if isinstance(source, Subvolume) else "/"
        for name in ("parameters", "default_parameters"):
            for number, parameter in enumerate(getattr(self, name)):
                found = _SUBVOLUME.match(parameter)
                if found and found[1].strip("/") != path.strip("/"):
                    shown = path.strip("/") or "the top level of its filesystem"
                    yield self.problem(
                        f"{parameter} is not the subvolume of /, which is {shown}",
                        "leave it out: the boot loader names the right one",
                        about=f"{name}[{number}]",
                        code="kernel-parameter",
                    )

    def _check_kernel(self, named: Named) -> Iterator[Problem]:
        """Report a kernel that is missing, or that cannot read the root, and what opens its device.

        `named` are the packages that the steps above name.
        """
        if not named.has_kernel:
            kernel = f"linux-image-{self.root.arch.kernel or self.root.arch}"
            what = "no step above installs a kernel"
            yield self.problem(what, installing(kernel), kind=named.kind, code="not-installed")
        root = self.root.mounted.filesystem
        if named.is_cloud and not traits_of(root).in_cloud_kernel:
            what = f"the kernel for clouds cannot read {root.kind}, which {shown_name(root)} is"
            kernel = f"linux-image-{self.root.arch.kernel}"
            yield self.problem(what, installing(kernel), kind=named.kind, code="boot-filesystem")
        for package in _packages_to_open(root.device):
            if package not in named.present:
                yield self.missing(package, f"{shown_name(root)} needs to be found", named.kind)

    def _check_volumes(self, named: Named, operations: Sequence[Operation]) -> Iterator[Problem]:
        """Report volumes besides the root's that the system uses, and can't find."""
        if "lvm2" in named.present or isinstance(
            self.root.mounted.filesystem.device, LogicalVolume
        ):
            return
        used: list[Filesystem] = [o.filesystem for o in operations if isinstance(o, Mounted)]
        used += [o for o in operations if isinstance(o, Swap)]
        for filesystem in used:
            if isinstance(filesystem.device, LogicalVolume):
                why = f"{shown_name(filesystem)} needs to be found"
                yield self.missing("lvm2", why, named.kind)
                return

    def _check_encrypted(self, named: Named, operations: Sequence[Operation]) -> Iterator[Problem]:
        """Report encrypted devices besides the root's, which the initramfs does not open."""
        known, suite = debian_suites(), self.root.suite.name
        is_new = suite in known and known.index(suite) > known.index("bookworm")
        needed = ("systemd-cryptsetup",) if is_new else ("cryptsetup", "cryptsetup-initramfs")
        if not named.present.isdisjoint(needed):
            return
        early = {id(luks) for luks in luks_below(self.root.mounted.filesystem.device)}
        for device in operations:
            if isinstance(device, Luks) and id(device) not in early:
                why = f"opens {device.dm_name}"
            elif isinstance(device, Swap) and is_random(device):
                why = f"makes {shown_name(device)} at each start"
            else:
                continue
            yield self.missing(needed[0], why, Advice)
            return


def check_esp(operation: Operation, esp: Mounted[Vfat]) -> Iterator[Problem]:
    """Report an EFI system partition that firmware won't look at."""
    filesystem = esp.filesystem
    if isinstance(filesystem.device, Partition):
        yield from check_type(operation, filesystem.device, "esp")
    else:
        yield problem_in(
            operation,
            f"firmware cannot read {shown_name(filesystem)}, "
            f"which is on {shown_name(filesystem.device)}",
            "give it a partition of its own, of the type esp",
            code="boot-place",
        )


def check_type(operation: Operation, partition: Partition, wanted: str) -> Iterator[Problem]:
    """Report a partition of another type than the `wanted` one, which firmware looks for."""
    if partition.type != wanted:
        yield problem_in(
            operation,
            f"firmware won't look at {shown_name(partition)}, "
            f"of the type {type_name(partition.type)}",
            f"give it the type {wanted} ({origin_of(partition).where})",
            code="boot-place",
        )


def _packages_to_open(device: BlockDevice) -> list[str]:
    """Return the packages by which an initramfs finds a root filesystem on a device."""
    needed = ["cryptsetup-initramfs"] if any(luks_below(device)) else []
    while isinstance(device, Luks):
        device = device.device
    return [*needed, "lvm2"] if isinstance(device, LogicalVolume) else needed
