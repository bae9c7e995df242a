from __future__ import annotations

from dataclasses import replace

import pytest

from vmdsl import (
    Arch,
    Ext4,
    Mounted,
    RootFs,
    Vfat,
    apt,
    chroot,
    debootstrap,
    grub_bios,
    grub_uefi,
    mkf2fs,
    mkimg,
    mkmsdos,
    mkpart,
    mkvfat,
    mount,
)
from vmdsl.language.handles import partitions_below
from vmdsl.language.operation import Recorder, Refused
from vmdsl.operations.boot_loaders.grub.config import GrubConfig
from vmdsl.operations.boot_loaders.grub.uefi import GrubUefi
from vmdsl.values import GiB, MiB


@pytest.fixture
def esp(root: Mounted[Ext4]) -> Mounted[Vfat]:
    table = partitions_below(root.filesystem.device)[0].table
    return mount(mkvfat(mkpart(table, size=MiB(64), type="esp")), "/boot/efi", on=root)


def configs(recorder: Recorder) -> list[GrubConfig]:
    return [o for o in recorder.operations if isinstance(o, GrubConfig)]


@pytest.mark.parametrize(
    ("arch", "kernel", "grub"),
    [
        (Arch.AMD64, "console=tty0 console=ttyS0,115200n8", "console serial"),
        (Arch.I386, "console=tty0 console=ttyS0,115200n8", "console serial"),
        (Arch.ARM64, "console=tty0 console=ttyAMA0,115200n8", "console"),
        (Arch.ARMHF, "console=tty0 console=ttyAMA0,115200n8", "console"),
        (Arch.RISCV64, "console=tty0 console=ttyS0,115200n8", "console"),
        (Arch.PPC64EL, "console=tty0 console=hvc0", "console"),
    ],
)
def test_the_serial_port_is_the_architectures(
    root: Mounted[Ext4], recorder: Recorder, arch: Arch, kernel: str, grub: str
) -> None:
    grub_bios(debootstrap(root, suite="trixie", arch=arch), console="serial")
    (config,) = configs(recorder)
    lines = config.defaults().splitlines()
    assert f'GRUB_CMDLINE_LINUX="{kernel}"' in lines
    assert f'GRUB_TERMINAL="{grub}"' in lines
    is_pc = arch in (Arch.AMD64, Arch.I386)
    assert any(line.startswith("GRUB_SERIAL_COMMAND=") for line in lines) == is_pc


def test_one_configuration_is_enough_until_the_system_changes(
    system: RootFs, esp: Mounted[Vfat], recorder: Recorder
) -> None:
    grub_bios(system, timeout=3)
    grub_uefi(system, esp, timeout=3)
    assert len(configs(recorder)) == 1
    apt(system, "linux-image-amd64")
    grub_uefi(system, esp, timeout=3)
    assert len(configs(recorder)) == 2


def test_other_settings_are_refused_whatever_is_between(
    system: RootFs, esp: Mounted[Vfat], recorder: Recorder
) -> None:
    grub_bios(system, parameters=("rw",))
    chroot(system, "true")
    with pytest.raises(Refused, match="parameters is"):
        grub_uefi(system, esp, parameters=("ro",))
    assert len(configs(recorder)) == 1


@pytest.mark.parametrize("good", ["rw", "net.ifnames=0", "root=/dev/vda1", "a.b-c_d=1,2:3@x"])
def test_parameters(system: RootFs, recorder: Recorder, good: str) -> None:
    grub_bios(system, parameters=(good,))
    assert f'GRUB_CMDLINE_LINUX="{good}"' in configs(recorder)[0].defaults().splitlines()


@pytest.mark.parametrize(
    ("given", "written"), [((), "rw"), (("quiet",), "quiet rw"), (("ro",), "ro")]
)
def test_a_root_on_f2fs_is_writable_from_the_start(
    recorder: Recorder, given: tuple[str, ...], written: str
) -> None:
    root = mount(mkf2fs(mkpart(mkmsdos(mkimg(GiB(1))))))
    grub_bios(debootstrap(root, suite="trixie"), parameters=given)
    assert f'GRUB_CMDLINE_LINUX="{written}"' in configs(recorder)[0].defaults().splitlines()


@pytest.mark.parametrize("bad", ["", "a b", "a\n", 'a="b"', "$(a)", "a;b", "`a`", "a\\b", "{a}"])
def test_what_is_no_parameter(system: RootFs, bad: str) -> None:
    with pytest.raises(Refused, match="not a kernel parameter"):
        grub_bios(system, default_parameters=(bad,))


@pytest.mark.parametrize("arch", [arch for arch in Arch if arch.traits.efi])
def test_packages_are_the_architectures(
    system: RootFs, esp: Mounted[Vfat], recorder: Recorder, arch: Arch
) -> None:
    grub_uefi(replace(system, arch=arch), esp)
    operation = recorder.operations[-1]
    assert isinstance(operation, GrubUefi)
    ((first, *_),) = operation.needs()
    assert first.startswith("grub-efi-")
