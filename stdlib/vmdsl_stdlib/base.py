"""A Debian that has a kernel."""

from __future__ import annotations

from typing import Any, Literal

from vmdsl import Arch, Mounted, RootFs, Suite, apt, debootstrap, refuse

Kernel = Literal["generic", "cloud"]

_KERNELS = {
    Arch.AMD64: "amd64",
    Arch.I386: "686",
    Arch.ARM64: "arm64",
    Arch.ARMHF: "armmp",
    Arch.PPC64EL: "powerpc64le",
    Arch.RISCV64: "riscv64",
    Arch.S390X: "s390x",
}
_CLOUD = (Arch.AMD64, Arch.ARM64)


def debian(
    mounted: Mounted[Any],
    *packages: str,
    suite: Suite | str,
    arch: Arch = Arch.AMD64,
    kernel: Kernel = "generic",
    mirror: str = "",
) -> RootFs:
    """Install a Debian with a kernel, and `packages`, such as those of the boot loader.

    `kernel` is `generic` for machines of all kinds, or `cloud`: smaller, for virtual machines
    alone, and only there for amd64 and arm64. All else is as for `debootstrap()`.

    Packages: those of priority `important`, `linux-image-…` for the architecture, and `packages`
    with what they recommend.
    """
    if kernel == "cloud" and arch not in _CLOUD:
        raise refuse(f"there is no cloud kernel for {arch}", 'leave out kernel="cloud"')
    flavour = "cloud-" if kernel == "cloud" else ""
    system = debootstrap(mounted, suite=suite, arch=arch, mirror=mirror)
    apt(system, f"linux-image-{flavour}{_KERNELS[arch]}", *packages)
    return system
