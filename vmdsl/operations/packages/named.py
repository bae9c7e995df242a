"""The packages that the steps of a plan name: what is sure to be installed before it is built."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vmdsl.errors import Advice, Hint, Problem, code
from vmdsl.language.arguments import argument_of
from vmdsl.language.effects import TreeOperation
from vmdsl.language.layout import Layout
from vmdsl.language.operation import Operation, problem_in, shown_with_line
from vmdsl.machines import Arch
from vmdsl.values import Size, Suite, debian_suites, is_debian_suite, split_suite

KERNEL = "linux-image"
#: On amd64 a kernel of bookworm has 8 MiB and its initramfs 35, in a small system with Debian's
#: settings; on trixie they have 12 and 35. Those of arm64 are larger, and of clouds smaller.
_KERNEL = 43 * 2**20
_OF_THIS_SIZE = (Arch.AMD64, Arch.ARM64)
#: Packages of other distributions, and commands, that Debian has by another name from this release
#: on; `{}` is the kernel of an architecture. Names that some package provides are not among them.
_FIRST = "bookworm"
_ELSEWHERE = {
    "kernel": f"{KERNEL}-{{}}",
    "kernel-core": f"{KERNEL}-{{}}",
    "linux": f"{KERNEL}-{{}}",
    "linux-generic": f"{KERNEL}-{{}}",
    "linux-image": f"{KERNEL}-{{}}",
    "linux-image-virtual": f"{KERNEL}-{{}}",
    "linux-image-x86-64": f"{KERNEL}-{{}}",
    "linux-kernel": f"{KERNEL}-{{}}",
    "linux-virtual": f"{KERNEL}-{{}}",
    "bind-utils": "bind9-dnsutils",
    "btrfs-tools": "btrfs-progs",
    "build-essentials": "build-essential",
    "ca-certs": "ca-certificates",
    "chromium-browser": "chromium",
    "crond": "cron",
    "dhclient": "isc-dhcp-client",
    "dig": "bind9-dnsutils",
    "gcc-c++": "g++",
    "go": "golang-go",
    "grub-bios": "grub-pc",
    "grub-uefi": "grub-efi",
    "grub2-efi": "grub-efi",
    "ifconfig": "net-tools",
    "initramfs": "initramfs-tools",
    "iproute": "iproute2",
    "iputils": "iputils-ping",
    "linux-firmware": "firmware-linux",
    "linux-headers": "linux-headers-{}",
    "lvm": "lvm2",
    "netplan": "netplan.io",
    "networkmanager": "network-manager",
    "nfs-utils": "nfs-common",
    "node": "nodejs",
    "nvim": "neovim",
    "openssh": "openssh-server",
    "openssh-clients": "openssh-client",
    "procps-ng": "procps",
    "ps": "procps",
    "python": "python3",
    "python-pip": "python3-pip",
    "python3-devel": "python3-dev",
    "rust": "rustc",
    "sshd": "openssh-server",
    "vi": "vim",
    "vim-enhanced": "vim",
    "xfs-progs": "xfsprogs",
}


def installing(package: str) -> Hint:
    """Return the hint to install a package."""
    return Hint("add it to the packages, as in ", code("apt", code("system"), package))


def debians_name(package: str, arch: Arch) -> str:
    """Return Debian's name of a package that has another one elsewhere, or ""."""
    return _ELSEWHERE.get(re.split("[:=/]", package)[0], "").format(arch.traits.kernel)


def foreign_names(
    operation: Operation,
    packages: Sequence[str],
    *,
    suite: Suite,
    arch: Arch,
    is_debians: bool,
) -> Iterator[Problem]:
    """Report packages that have another name in Debian, and kernels for other machines.

    They are only warnings if the archive may be another one.
    """
    for package in packages:
        flavour = package.removeprefix(f"{KERNEL}-").removeprefix("cloud-")
        other = next((one for one in Arch if one.traits.kernel == flavour), arch)
        if package.startswith(KERNEL) and not _runs(other, arch):
            what = f"{package} is a kernel for {other}, and the system is for {arch}"
            hint = f"did you mean {KERNEL}-{arch.traits.kernel}?" if arch.traits.kernel else ""
            about = argument_of(operation, package)
            yield problem_in(operation, what, hint, about=about, kind=Advice, code="architecture")
    known, release = debian_suites(), split_suite(suite.name)[0]
    for package in packages if release in known[known.index(_FIRST) :] else ():
        if meant := debians_name(package, arch):
            what = f"Debian has no package {package}" + "; another archive may" * (not is_debians)
            about, kind = argument_of(operation, package), Problem if is_debians else Advice
            yield problem_in(
                operation,
                what,
                f"did you mean {meant}?",
                about=about,
                kind=kind,
                code="unknown-package",
            )


def _runs(kernel: Arch, arch: Arch) -> bool:
    """Return whether a system can have the kernel of an architecture, as i386 that of amd64."""
    return not set(kernel.traits.uname).isdisjoint(arch.traits.native_on)


def kernel_has_room(
    operation: Operation, packages: Sequence[str], arch: Arch, layout: Layout
) -> Iterator[Problem]:
    """Warn of a /boot that is too small for a kernel and an initramfs as Debian makes it."""
    kernels = [name for name in packages if name.startswith(KERNEL) and "cloud" not in name]
    boot = next((mount for mount in layout.mounts if str(mount.path) == "/boot"), None)
    if not kernels or boot is None or arch not in _OF_THIS_SIZE:
        return
    device = boot.filesystem.device
    if 0 < device.size < _KERNEL:
        made = boot.filesystem.filesystem.device
        yield problem_in(
            operation,
            f"{kernels[0]} takes about {Size(_KERNEL)} with its initramfs, and /boot has "
            f"{Size(device.size)}",
            f"enlarge {shown_with_line(made)}; after an upgrade there are two kernels",
            about=argument_of(operation, kernels[0]),
            kind=Advice,
            code="too-small",
        )


@dataclass(frozen=True, kw_only=True)
class Named:
    """Packages by name: all, and those that were not removed again.

    With `other_archives`, some may come from another archive than Debian's, by other names. All are
    `certain` unless there are scripts, which only look as if they installed nothing.
    """

    ever: frozenset[str]
    present: frozenset[str]
    other_archives: bool
    certain: bool

    @property
    def kind(self) -> type[Problem]:
        """The kind of report where another package is missing: a mistake, if that is certain."""
        return Problem if self.certain else Advice

    @property
    def is_cloud(self) -> bool:
        """Whether all kernels among them are those for clouds."""
        kernels = [name for name in self.present if name.startswith(KERNEL)]
        clouds = [name for name in kernels if name.startswith(f"{KERNEL}-cloud-")]
        return bool(kernels) and clouds == kernels and not self.other_archives

    @property
    def has_kernel(self) -> bool:
        """Whether a kernel is among them, or may be."""
        return self.other_archives or any(name.startswith(KERNEL) for name in self.present)


def suites_above(operation: Operation, operations: Sequence[Operation]) -> frozenset[str]:
    """Return the suites of apt's sources as the operations above one make them.

    Returns none if there may be others, by a script or a file, or of an archive that calls itself
    by another name.
    """
    found: set[str] = set()
    for above in operations[: operations.index(operation)]:
        if not isinstance(above, TreeOperation):
            continue
        suites = above.suites()
        if (
            above.installs_anything
            or (above.adds_archive() and not suites)
            or above.unless is not None
        ):
            return frozenset()
        found.update(suites)
    return frozenset(found) if all(map(_is_part_of_a_release, found)) else frozenset()


def is_missing(suite: str, suites: frozenset[str]) -> bool:
    """Return whether a suite is one of Debian's, and none of those that the sources have."""
    return bool(suites) and _is_part_of_a_release(suite) and suite not in suites


def _is_part_of_a_release(suite: str) -> bool:
    return is_debian_suite(suite) and split_suite(suite)[0] in debian_suites()


def named_above(operation: Operation, operations: Sequence[Operation]) -> Named | None:
    """Return the packages that the operations above one name.

    Returns None where one of them may have installed any package.
    """
    ever: set[str] = set()
    present: set[str] = set()
    other_archives, certain = False, True
    for above in operations[: operations.index(operation)]:
        if not isinstance(above, TreeOperation):
            continue
        if above.may_install():
            return None
        certain &= not above.installs_anything
        ever.update(above.packages_named())
        present.update(above.packages_named())
        # Where one kernel is removed, others may be left.
        present.difference_update(p for p in above.packages_removed() if not p.startswith(KERNEL))
        other_archives |= above.adds_archive()
    return Named(
        ever=frozenset(ever),
        present=frozenset(present),
        other_archives=other_archives,
        certain=certain,
    )
