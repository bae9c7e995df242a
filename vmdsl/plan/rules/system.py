"""What must hold of the system in the tree, and of what boots it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from vmdsl.errors import Hint, Problem, code
from vmdsl.language.effects import TreeOperation
from vmdsl.language.handles import Gpt, Mounted, RootFs
from vmdsl.language.operation import Operation
from vmdsl.machines import Arch
from vmdsl.operations.boot_loaders.grub.bios import GrubBios, GrubBootCode
from vmdsl.operations.boot_loaders.grub.config import GrubConfig, GrubOperation
from vmdsl.operations.boot_loaders.grub.ieee1275 import GrubIeee1275
from vmdsl.operations.boot_loaders.grub.uefi import GrubUefi
from vmdsl.operations.files.directories import CopyTree, CreateDirectory, CreateSymlink
from vmdsl.operations.files.files import CopyFile, CreateFile, PathExists
from vmdsl.operations.files.fstab import Fstab
from vmdsl.operations.packages.apt import Apt, AptRemove
from vmdsl.operations.packages.debconf import Preseed
from vmdsl.operations.packages.sources import AptSource
from vmdsl.operations.scripts.ansible import Ansible
from vmdsl.operations.systems.mmdebstrap import Debootstrap
from vmdsl.operations.systems.roots import RootMaker
from vmdsl.operations.systems.tarballs import CacheRootfs, UnpackRootfs
from vmdsl.plan.rules.volumes import packages_to_open
from vmdsl.values import debian_suites, suite_aliases

_TRANSPARENT = (
    Apt,
    AptRemove,
    AptSource,
    Debootstrap,
    Preseed,
    CreateFile,
    CopyFile,
    CreateDirectory,
    CreateSymlink,
    CopyTree,
    PathExists,
    UnpackRootfs,
    CacheRootfs,
    Fstab,
    GrubOperation,
)


def system_comes_first(operations: Sequence[Operation]) -> Iterator[Problem]:
    """One system in a tree, and nothing in the tree before it."""
    systems: dict[int, RootMaker] = {}
    changed: dict[int, TreeOperation] = {}
    unpacked: dict[int, UnpackRootfs] = {}
    for operation in operations:
        if not isinstance(operation, TreeOperation):
            continue
        tree = id(_bottom(operation.root))
        if isinstance(operation, UnpackRootfs):
            unpacked[tree] = operation
            if early := systems.get(tree) or changed.get(tree):
                yield operation.problem(
                    f"the tree is no longer empty ({early.origin.where})",
                    "unpack first, and debootstrap only what was not unpacked",
                )
        elif isinstance(operation, RootMaker):
            other = systems.setdefault(tree, operation)
            if other is not operation:
                yield operation.problem(
                    f"{operation.root.shown} holds a system already ({other.origin.where})",
                    "make it once; apt adds packages",
                )
            elif tree in changed:
                yield changed[tree].problem(
                    "it changes the tree before there is a system in it "
                    f"({operation.origin.where})",
                    "the system wants an empty tree: move this step below it",
                )
            elif tree in unpacked and operation.unless is not unpacked[tree].fact:
                yield operation.problem(
                    "it would go into the system of the tarball, if there is one "
                    f"({unpacked[tree].origin.where})",
                    Hint("add ", code("", unless=unpacked[tree].as_code)),
                    about="unless",
                )
        else:
            changed.setdefault(tree, operation)


def _bottom(root: object) -> object:
    """The root filesystem of a tree that an operation changes at some place."""
    mounted = root.mounted if isinstance(root, RootFs) else root
    while isinstance(mounted, Mounted) and mounted.on is not None:
        mounted = mounted.on
    return mounted


def system_has_owners(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Require a filesystem with owners, permissions and symlinks for a system."""
    for operation in operations:
        if isinstance(operation, RootMaker) and not operation.root.filesystem.traits.has_owners:
            kind, name = operation.root.filesystem.kind, operation.root.shown
            yield operation.problem(
                f"a system cannot be on {kind}, which {name} is",
                "format it with ext4",
                about="mounted",
            )


def suites_exist(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Debian's archive has the suite; another archive's suites are not known."""
    known = debian_suites()
    for operation in operations:
        if not isinstance(operation, Debootstrap) or operation.mirror or not known:
            continue
        name = operation.suite.name
        if name.partition("-")[0] not in known and name != "rc-buggy":
            close = difflib.get_close_matches(name, [*known, *suite_aliases()], n=1)
            hint = f"did you mean {close[0]}? " if close else ""
            yield operation.problem(
                f"Debian has no suite {name}", f"{hint}(a suite of another archive takes mirror=)"
            )


def architecture_can_boot(operations: Sequence[Operation]) -> Iterator[Problem]:
    """There is a kernel for it."""
    known = debian_suites()
    for operation in operations:
        if not isinstance(operation, RootMaker):
            continue
        suite, last = operation.suite.name, operation.arch.traits.last_suite
        late = known[known.index(last) + 1 :] if last in known else ("trixie", "sid")
        if last and suite.partition("-")[0] in late:
            yield operation.problem(
                f"{suite} has no kernel for {operation.arch}, so the image could not boot",
                f"{last} is the last that has one; or choose amd64",
            )


def grub_knows_the_machine(operations: Sequence[Operation]) -> Iterator[Problem]:
    """There is such a GRUB for the architecture."""
    for operation in operations:
        known: Sequence[Arch] = ()
        if isinstance(operation, GrubBios):
            known = [arch for arch in Arch if arch.traits.bios]
        elif isinstance(operation, GrubUefi):
            known = [
                arch
                for arch in Arch
                if (efi := arch.traits.efi) and (efi.signed or not operation.secure_boot)
            ]
        elif isinstance(operation, GrubIeee1275):
            known = [arch for arch in Arch if arch.traits.ieee1275]
        else:
            continue
        if operation.root.arch not in known:
            yield operation.problem(
                f"{operation.summary()} is not there for {operation.root.arch}",
                f"it is for {' and '.join(known)}",
            )


def bios_grub_has_room(operations: Sequence[Operation]) -> Iterator[Problem]:
    """A GPT leaves GRUB for BIOS no gap: it needs a partition."""
    for operation in operations:
        if isinstance(operation, GrubBootCode) and operation.partition is None:
            table = operation.root.mounted.filesystem.partitions[0].table
            if isinstance(table, Gpt):
                yield operation.problem(
                    "GRUB for BIOS has no place on this GPT",
                    Hint(
                        "add, above it: ",
                        code("mkpart", table.as_code, size=code("MiB", 1), type="bios-boot"),
                    ),
                )


def boot_loader_is_installed(operations: Sequence[Operation]) -> Iterator[Problem]:
    """The packages of the kernel and of GRUB are named before what uses them."""
    named: set[str] = set()
    own_archive = False  # whose packages may bring a kernel by another name
    for operation in operations:
        named |= _packages_of(operation)
        own_archive |= _is_own_archive(operation)
        if isinstance(operation, AptRemove):  # of a kernel, others may be left
            named = {n for n in named if n not in operation.packages or n.startswith("linux-image")}
        elif isinstance(operation, TreeOperation) and not isinstance(operation, _TRANSPARENT):
            return  # a script or a third party's operation may have installed anything
        if (
            isinstance(operation, GrubConfig)
            and not own_archive
            and not any(name.startswith("linux-image") for name in named)
        ):
            kernel = operation.root.arch.kernel or operation.root.arch
            yield operation.problem(
                "no step above installs a kernel",
                _installing(f"linux-image-{kernel}"),
            )
        if isinstance(operation, GrubConfig):
            root = operation.root.mounted.filesystem
            for package in packages_to_open(root.device):
                if package not in named:
                    yield operation.problem(
                        f"no step above installs {package}, which {root.shown} needs to be found",
                        _installing(package),
                    )
        if isinstance(operation, GrubOperation):
            for package in [some[0] for some in operation.needs() if named.isdisjoint(some)]:
                yield operation.problem(
                    f"no step above installs {package}, which {operation.summary()} needs",
                    _installing(package),
                )


def _installing(package: str) -> Hint:
    return Hint("add it to the packages, as in ", code("apt", code("system"), package))


def _packages_of(operation: Operation) -> set[str]:
    """The packages that an operation names."""
    if isinstance(operation, Debootstrap):
        return set(operation.include)
    if isinstance(operation, Apt):
        local = {deb.name.partition("_")[0] for deb in operation.debs}
        return local | {re.split("[:=/]", name)[0] for name in operation.packages}
    return set()


def _is_own_archive(operation: Operation) -> bool:
    """Whether packages of another archive than Debian's come from an operation."""
    match operation:
        case Debootstrap(mirror=mirror, sources=sources):
            return bool(mirror or sources)
        case Apt(debs=debs):
            return bool(debs)
        case CreateFile(path=path) | CopyFile(path=path):
            return path.startswith("/etc/apt/")
        case CopyTree(path=path):
            apt, copied = PurePosixPath("/etc/apt"), PurePosixPath(path)
            return copied.is_relative_to(apt) or apt.is_relative_to(copied)
    return isinstance(operation, AptSource)


#: What most systems have, and what brings no Python.
_WITHOUT_PYTHON = re.compile(
    r"(linux-(image|headers)|grub|firmware|openssh)-.*|systemd(-sysv)?|udev|dbus|ifupdown|iproute2"
    r"|ssh|curl|wget|sudo|parted|fdisk|locales|vim|nano|rsync|ca-certificates|zerofree"
)


def ansible_finds_python(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Something is named before a playbook is played that is Python, or may bring it along."""
    named: set[str] = set()
    for operation in operations:
        named |= _packages_of(operation)
        if isinstance(operation, Debootstrap) and operation.variant == "standard":
            return  # it has Python
        if isinstance(operation, Ansible):
            if all(_WITHOUT_PYTHON.fullmatch(name) for name in named):
                yield operation.problem(
                    "no step above installs python3, which Ansible works with",
                    _installing("python3"),
                )
            return
        if isinstance(operation, TreeOperation) and not isinstance(operation, _TRANSPARENT):
            return  # a script or a third party's operation may have installed it
