"""The table of architectures."""

from __future__ import annotations

import pickle
from copy import deepcopy

import pytest

from vmdsl.host.packages import wanted
from vmdsl.machines import Arch, arch_of


def test_architectures_are_debians_names() -> None:
    released = {"amd64", "i386", "arm64", "armhf", "armel", "ppc64el", "riscv64", "s390x"}
    assert {str(arch) for arch in Arch} > released
    assert [arch.name for arch in Arch] == [arch.upper() for arch in Arch]
    assert (Arch.I386.kernel, Arch.ARMEL.kernel) == ("686", "")
    assert Arch("amd64") is Arch.AMD64


@pytest.mark.parametrize("arch", Arch)
def test_an_architecture_is_its_name_wherever_it_goes(arch: Arch) -> None:
    assert str(arch) == f"{arch}" == arch.value
    assert pickle.loads(pickle.dumps(arch)) is arch  # noqa: S301 (its own)
    assert deepcopy(arch) is arch


def test_what_uname_prints_is_one_architectures() -> None:
    names = [name for arch in Arch for name in arch.traits.uname]
    assert len(names) == len(set(names))
    assert [arch_of(name) for name in ("x86_64", "armv7l", "sun4u")] == [
        Arch.AMD64,
        Arch.ARMHF,
        None,
    ]


def test_kernels_of_clouds() -> None:
    assert (Arch.ARM64.cloud_kernel, Arch.I386.cloud_kernel) == ("cloud-arm64", "")


def test_what_boots_images_here_is_installed_with_vmdsl() -> None:
    """What boots other architectures, `require` names where it is missing."""
    qemu = Arch.AMD64.traits.qemu
    assert qemu
    boards = [b for b in (qemu.bios, qemu.uefi, qemu.secure_boot) if b]
    assert {qemu.package, *(b.package for b in boards if b.code)} <= {*wanted("boot")}
