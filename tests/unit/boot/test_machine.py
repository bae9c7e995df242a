"""What QEMU is told."""

from dataclasses import replace
from pathlib import Path

import pytest

from vmdsl import programs
from vmdsl.boot.machine import Accel, Firmware, Machine, Serial, argv, bound, qemu_of, require
from vmdsl.errors import HostError, UsageError
from vmdsl.machines import Arch, ArchTraits, Board, Qemu
from vmdsl.values import GiB, MiB

BIOS = Machine(image=Path("/images/server.img"), firmware=Firmware.BIOS, memory=MiB(768))
UEFI = replace(BIOS, firmware=Firmware.UEFI)


def test_the_whole_command_line() -> None:
    assert " ".join(argv(BIOS)) == (
        "qemu-system-x86_64 -nodefaults -machine pc,graphics=off -accel tcg,thread=multi"
        " -cpu max,erms=off,fsrm=off,smap=off,smep=off,svm=off,la57=off"
        " -smp 1 -m 768M"
        " -smbios type=11,value=io.systemd.credential.binary:systemd.unit-dropin.dev-ttyS0.device="
        "W1VuaXRdCkpvYlJ1bm5pbmdUaW1lb3V0U2VjPWluZmluaXR5Cg=="
        " -drive if=virtio,format=raw,snapshot=on,cache=unsafe,file=/images/server.img"
        " -netdev user,id=net -device virtio-net-pci,netdev=net,romfile="
        " -device virtio-rng-pci -display none -serial stdio -monitor none -no-reboot"
    )


def test_uefi_writes_neither_firmware_file() -> None:
    added = [word for word in argv(UEFI) if word not in argv(BIOS)]
    assert added == [
        "if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd",
        "if=pflash,format=raw,unit=1,snapshot=on,file=/usr/share/OVMF/OVMF_VARS_4M.fd",
    ]


def test_secure_boot_has_the_keys_of_microsoft_and_guards_them() -> None:
    words = argv(replace(BIOS, firmware=Firmware.SECURE_BOOT))
    assert " ".join(word for word in words if word not in argv(BIOS)) == (
        "q35,smm=on,graphics=off"
        " if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.secboot.fd"
        " if=pflash,format=raw,unit=1,snapshot=on,file=/usr/share/OVMF/OVMF_VARS_4M.ms.fd"
        " -global driver=cfi.pflash01,property=secure,value=on"
    )


def test_a_machine_may_keep_what_its_guest_writes() -> None:
    line = " ".join(argv(replace(BIOS, keep=True)))
    assert "snapshot=off,cache=unsafe,file=/images/server.img" in line


def test_a_disk_of_large_sectors() -> None:
    line = " ".join(argv(replace(UEFI, sector=4096)))
    assert (
        "-drive if=none,id=disk,format=raw,snapshot=on,cache=unsafe,file=/images/server.img"
        " -device virtio-blk-pci,drive=disk,logical_block_size=4096,physical_block_size=4096"
    ) in line


def test_kvm_uses_the_processor_as_it_is() -> None:
    words = argv(replace(BIOS, accel=Accel.KVM))
    assert " ".join(words[4:8]) == "-accel kvm -cpu host"
    assert "-smbios" not in words  # udev is there in time


def test_credentials_are_in_the_firmwares_tables() -> None:
    words = argv(replace(BIOS, accel=Accel.KVM, credentials=(("greeting", "a=1, b"), ("two", ""))))
    assert [word for word in words if word.startswith("type=11")] == [
        "type=11,value=io.systemd.credential.binary:greeting=YT0xLCBi",
        "type=11,value=io.systemd.credential.binary:two=",
    ]


def test_no_network_is_no_card() -> None:
    line = " ".join(argv(replace(BIOS, network=False)))
    assert "-nic none" in line
    assert "virtio-net" not in line


def test_a_port_leads_to_ssh() -> None:
    line = " ".join(argv(replace(BIOS, ssh_port=2222)))
    assert "-netdev user,id=net,hostfwd=tcp:127.0.0.1:2222-:22 " in line


def test_further_disks_are_behind_the_image() -> None:
    line = " ".join(argv(replace(BIOS, disks=(Path("/images/seed.iso"),))))
    assert line.index("server.img") < line.index("file=/images/seed.iso,readonly=on")


def test_a_terminal_has_the_monitor_too_and_may_reboot() -> None:
    assert argv(BIOS, Serial.TERMINAL)[-2:] == ("-serial", "mon:stdio")
    assert "-no-reboot" not in argv(BIOS, Serial.TERMINAL)


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("a,b.img", "format=raw,snapshot=on,cache=unsafe,file=/a,,b.img"),
        ("a.qcow2", "format=qcow2,snapshot=on,cache=unsafe,file=/a.qcow2"),
        ("a.vmdk", "format=vmdk,snapshot=on,cache=unsafe,file=/a.vmdk"),
    ],
)
def test_names_of_images(name: str, option: str) -> None:
    words = argv(replace(BIOS, image=Path("/") / name, memory=GiB(2)))
    assert f"if=virtio,{option}" in words
    assert "2048M" in words


def test_everything_missing_is_reported_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = tmp_path / "a.img"
    image.touch()
    monkeypatch.setattr(programs, "find", lambda _: None)
    board = Board(machine="pc", code="/nowhere/code", variables="/nowhere/vars", package="ovmf")
    traits = ArchTraits(qemu=replace(qemu_of(Arch.AMD64), uefi=board))
    monkeypatch.setattr(Arch.AMD64, "traits", traits)
    with pytest.raises(HostError) as caught:
        require(replace(UEFI, image=image))
    hints = [problem.hint.split()[-1] for problem in caught.value.problems]
    assert hints == ["qemu-system-x86", "util-linux", "ovmf", "ovmf"]


@pytest.mark.parametrize(
    ("qemu", "what"),
    [
        (None, "Images for arm64 cannot be booted here yet."),
        (Qemu(program="qemu", package="qemu"), "QEMU has no machine of arm64 with bios."),
    ],
)
def test_what_qemu_cannot_boot_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qemu: Qemu | None, what: str
) -> None:
    image = tmp_path / "a.img"
    image.touch()
    monkeypatch.setattr(Arch.ARM64, "traits", ArchTraits(qemu=qemu))
    with pytest.raises(UsageError) as caught:
        require(replace(BIOS, image=image, arch=Arch.ARM64))
    assert str(caught.value) == what


@pytest.mark.parametrize(
    ("arch", "firmware", "words"),
    [
        (
            Arch.ARM64,
            Firmware.UEFI,
            (
                "qemu-system-aarch64 -machine virt,gic-version=max "
                "tcg,thread=single -icount shift=0 -cpu neoverse-n1 "
                "if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/AAVMF/AAVMF_CODE.fd"
            ),
        ),
        (
            Arch.ARMHF,
            Firmware.UEFI,
            (
                "qemu-system-arm -machine virt,highmem=off "
                "tcg,thread=single -icount shift=0 -cpu cortex-a15 "
                "if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/AAVMF/AAVMF32_CODE.fd"
            ),
        ),
        (
            Arch.RISCV64,
            Firmware.UEFI,
            (
                "qemu-system-riscv64 -machine virt "
                "tcg,thread=single -icount shift=0 -cpu rv64 "
                "-kernel /usr/lib/u-boot/qemu-riscv64_smode/uboot.elf"
            ),
        ),
        (
            Arch.PPC64EL,
            Firmware.IEEE1275,
            ("qemu-system-ppc64 -machine pseries tcg,thread=single -icount shift=0 -cpu power9"),
        ),
    ],
)
def test_other_architectures(arch: Arch, firmware: Firmware, words: str) -> None:
    line = argv(replace(BIOS, arch=arch, firmware=firmware))
    assert [word for word in line if word in words.split()] == words.split()


@pytest.mark.parametrize("arch", [arch for arch in Arch if arch.traits.efi])
def test_each_architecture_with_uefi_has_a_machine(arch: Arch) -> None:
    board = qemu_of(arch).uefi
    assert board
    assert board.package
    assert board.code or board.loaded


def test_an_image_that_is_not_there() -> None:
    with pytest.raises(UsageError, match="no image"):
        require(replace(BIOS, image=Path("/nowhere/a.img")))


def test_qemu_dies_with_us() -> None:
    assert bound(("qemu",)) == ("setpriv", "--pdeathsig", "KILL", "--", "qemu")
