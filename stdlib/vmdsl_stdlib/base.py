"""A Debian system with a kernel."""

from __future__ import annotations

from typing import Any, Literal

from vmdsl import Arch, Mounted, RootFs, Suite, apt, debootstrap, refuse

Kernel = Literal["generic", "cloud"]


def debian(
    mounted: Mounted[Any],
    *packages: str,
    suite: Suite | str,
    arch: Arch = Arch.AMD64,
    kernel: Kernel = "generic",
    mirror: str = "",
) -> RootFs:
    """Install Debian with a kernel and `packages`, such as those of the boot loader.

    `kernel` is `generic`, for all machines, or `cloud`, which is smaller, only for virtual
    machines, and only available for amd64 and arm64. The other arguments are those of
    `debootstrap()`.

    Packages: those of priority `important`, `linux-image-…` for the architecture, and `packages`
    with what they recommend.
    """
    if not arch.kernel:
        raise refuse(
            f"Debian has no kernel for all machines of {arch}",
            "call debootstrap(), and apt() with the kernel of yours",
            code="architecture",
        )
    if kernel == "cloud" and not arch.cloud_kernel:
        raise refuse(
            f"there is no cloud kernel for {arch}", 'leave out kernel="cloud"', code="architecture"
        )
    flavour = arch.cloud_kernel if kernel == "cloud" else arch.kernel
    system = debootstrap(mounted, suite=suite, arch=arch, mirror=mirror)
    apt(system, f"linux-image-{flavour}", *packages)
    return system
