"""What every boot loader gets from its base."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Unpack

import pytest

from vmdsl import (
    Arch,
    Ext4,
    Mounted,
    RootFs,
    Tree,
    apt,
    apt_remove,
    chroot,
    debootstrap,
    grub_bios,
    grub_ieee1275,
    mkext4,
    mkimg,
    mklv,
    mkmsdos,
    mkpart,
    mkvg,
    mkxfs,
    mount,
    set_password,
)
from vmdsl.language.arguments import with_settings
from vmdsl.language.handles import Filesystem
from vmdsl.language.operation import Operation, Recorder, Refused, operation, record
from vmdsl.language.secret import Secret
from vmdsl.operations.boot_loaders.boot_loader import BootMenu, BootSettings
from vmdsl.operations.packages.named import named_above
from vmdsl.values import GiB


@operation
class Syslinux(BootMenu):
    """A boot loader of a third party's."""

    title = "Syslinux"

    @property
    def architectures(self) -> tuple[Arch, ...]:
        return (Arch.AMD64,)

    def needs(self) -> tuple[tuple[str, ...], ...]:
        return (("extlinux", "syslinux"),)

    def reads(self, filesystem: Filesystem) -> bool:
        return filesystem.kind.startswith("ext")

    def apply(self, tree: Tree) -> None:
        tree.chroot("extlinux")


@with_settings(BootSettings, BootMenu)
def syslinux(root: RootFs, **settings: Unpack[BootSettings]) -> None:
    """Make the disk boot."""
    record(Syslinux(root=root, **settings))


def told(operations: Sequence[Operation], *, complete: bool = True) -> list[str]:
    loader = next(o for o in operations if isinstance(o, Syslinux))
    return [problem.what for problem in loader.check_plan(operations, complete=complete)]


KERNEL = "no step above installs a kernel"
PACKAGE = "no step above installs extlinux, which Syslinux needs"


def test_what_it_needs(system: RootFs, recorder: Recorder) -> None:
    syslinux(system)
    assert told(recorder.operations) == [PACKAGE, KERNEL]
    assert told(recorder.operations, complete=False) == []


def test_all_is_there(system: RootFs, recorder: Recorder) -> None:
    apt(system, "linux-image-amd64", "syslinux")
    set_password(system, "root", Secret.from_text("x"))
    syslinux(system)
    assert told(recorder.operations) == []


def test_a_script_may_have_installed_anything(system: RootFs, recorder: Recorder) -> None:
    chroot(system, "apt-get install extlinux")
    syslinux(system)
    assert told(recorder.operations) == []


def test_an_architecture_that_it_is_not_for(root: Mounted[Ext4], recorder: Recorder) -> None:
    system = debootstrap(root, suite="trixie", arch=Arch.RISCV64)
    apt(system, "linux-image-riscv64", "extlinux")
    syslinux(system)
    assert told(recorder.operations) == ["Syslinux is not available for riscv64"]


def test_where_boot_is(recorder: Recorder) -> None:
    table = mkmsdos(mkimg(GiB(4)))
    boot = mkpart(table, size=GiB(1))
    root = mount(mkext4(mklv(mkvg(mkpart(table)))))
    system = debootstrap(root, suite="trixie", include=["linux-image-amd64", "extlinux"])
    mount(mkxfs(boot), "/boot", on=root)
    syslinux(system)
    assert told(recorder.operations) == [
        "Syslinux cannot read xfs, which /boot is on",
        "no step above installs lvm2, which here needs to be found",
    ]


def test_settings(system: RootFs, recorder: Recorder) -> None:
    syslinux(system, console="serial", parameters=["a"], quiet=True)
    menu = recorder.operations[-1]
    assert isinstance(menu, Syslinux)
    assert menu.for_every_entry() == ("a", "console=tty0", "console=ttyS0,115200n8")
    assert menu.for_usual_entries()[0] == "quiet"
    with pytest.raises(Refused, match="not a kernel parameter that Syslinux can pass on"):
        syslinux(system, parameters=["a b"])


@pytest.mark.parametrize("function", [syslinux, grub_bios, grub_ieee1275])
def test_signatures_have_the_settings(function: object) -> None:
    assert callable(function)
    parameters = inspect.signature(function).parameters
    assert set(BootSettings.__annotations__) < set(parameters)
    assert parameters["timeout"].default == 1
    assert parameters["parameters"].annotation == "Sequence[str]"


def test_packages_that_were_named(system: RootFs, recorder: Recorder) -> None:
    apt(system, "curl/sid", "linux-image-amd64", debs=["acme_1.deb"])
    apt_remove(system, "curl", "linux-image-amd64")
    syslinux(system)
    named = named_above(recorder.operations[-1], recorder.operations)
    assert named
    assert named.ever == {"acme", "curl", "linux-image-amd64"}
    assert named.present == {"acme", "linux-image-amd64"}
    assert named.other_archives
