"""Boot loaders and growth, as steps of vmdb2."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from vmdsl.language.effects import TreeOperation
from vmdsl.language.handles import BlockDevice, Partition, traits_of
from vmdsl.language.layout import PartitionLayout
from vmdsl.machines import Arch
from vmdsl.operations.boot_loaders.grub.bios import GrubBios
from vmdsl.operations.boot_loaders.grub.config import GrubConfig
from vmdsl.operations.boot_loaders.grub.ieee1275 import GrubIeee1275, GrubPrep
from vmdsl.operations.boot_loaders.grub.uefi import GrubUefi
from vmdsl.operations.boot_loaders.u_boot.extlinux import SETTINGS, UPDATE, Extlinux, UBootMenu
from vmdsl.operations.boot_loaders.u_boot.flash_kernel import FLASH, MACHINE, SET, FlashKernel
from vmdsl.operations.disk.ext import Ext
from vmdsl.operations.files.fstab import Fstab
from vmdsl.operations.packages.apt import Apt
from vmdsl.operations.systems.growth import GrowRoot
from vmdsl.operations.systems.mmdebstrap import Debootstrap
from vmdsl.vmdb2.marked_scripts import own, second_grub_script
from vmdsl.vmdb2.to_yaml.emit import Value, YamlStep
from vmdsl.vmdb2.to_yaml.export import Export
from vmdsl.vmdb2.to_yaml.files import parents
from vmdsl.vmdb2.to_yaml.system import is_by_hand
from vmdsl_stdlib.vmdb2 import PARAMETERS

#: The architectures that vmdb2 knows with UEFI.
_UEFI = (Arch.AMD64, Arch.I386, Arch.ARM64, Arch.ARMHF)
_IN_EVERY_ENTRY = "/etc/default/grub.d/60-parameters.cfg"
#: Where vmdsl has its settings itself.
_SETTINGS = "/etc/default/grub.d/50-vmdsl.cfg"
_TEN = 10
#: Without udev, grub-mkconfig knows the root by nothing but the name that it has meanwhile.
_BY_UUID = """\
uuid=$(grub-probe --target=fs_uuid /)
sed -i "s|root=/dev/mapper/loop[0-9p]*|root=UUID=$uuid|" /boot/grub/grub.cfg"""
#: Only what is mounted knows the UUID that mkfs has chosen.
_SET_WITH_ROOT = """\
root=$(awk '$1 !~ /^#/ && $2 == "/" { print $1; exit }' /etc/fstab)
set -- "root=$root {}"
"""
_PARTED = """\
apt-get update
DEBIAN_FRONTEND=noninteractive apt-get -y --no-install-recommends install parted"""


def grub_bios(export: Export, operation: GrubBios) -> Iterator[YamlStep]:
    """Yield vmdb2's own step."""
    yield from _grub(export, operation, "bios", {})


def grub_ieee1275(export: Export, operation: GrubIeee1275) -> Iterator[YamlStep]:
    """Yield vmdb2's own step; another operation writes to the partition."""
    prep = next(o for o in export.plan.image_operations if isinstance(o, GrubPrep))
    if not _has_one_digit(export, prep.partition):
        export.refuse(prep, "for a tenth partition with GRUB: it reads one digit of the number")
    yield from _grub(export, operation, "ieee1275", {"prep": export.tag(prep.partition)})


def grub_uefi(export: Export, operation: GrubUefi) -> Iterator[YamlStep]:
    """Yield vmdb2's own step, or grub-install if that step would do something else.

    It would remove GRUB for BIOS, and it knows neither all architectures nor all numbers. It mounts
    the partition at /boot/efi, wherever else that is.
    """
    operations = export.plan.operations
    arch, esp = operation.root.arch, operation.esp
    two = any(isinstance(o, GrubBios) for o in operations)
    told = arch == Arch.AMD64 or any(
        isinstance(o, Debootstrap) and not is_by_hand(o) for o in operations
    )
    has_one_digit = _has_one_digit(export, esp.filesystem.device)
    if told and has_one_digit and not two and arch in _UEFI:
        yield from _grub(export, operation, "uefi", {"efi": export.tag(esp)})
        return
    signed = "" if operation.secure_boot else " --no-uefi-secure-boot"
    command = (
        f"grub-install --target={operation.efi.platform} --no-nvram --force-extra-removable"
        f"{signed} --efi-directory={shlex.quote(str(esp.path))}"
    )
    if two:
        yield export.chroot(second_grub_script(command, export.tag(esp)))
        return
    yield from parents(export, _SETTINGS)
    settings = _config(export, operation).defaults()
    yield YamlStep(keys={"create-file": _SETTINGS, "contents": settings})
    yield export.chroot(f"grub-mkconfig --output=/boot/grub/grub.cfg\n{command}")
    yield from _root_by_uuid(export, operation)


def extlinux(export: Export, operation: Extlinux) -> Iterator[YamlStep]:
    """Yield the settings, and a script; u-boot-update finds the root in /etc/fstab."""
    _refuse_without_fstab(export, operation)
    yield from parents(export, SETTINGS)
    yield YamlStep(keys={"create-file": SETTINGS, "contents": operation.settings()})
    yield export.chroot(UPDATE.removesuffix("\n"))


def flash_kernel(export: Export, operation: FlashKernel) -> Iterator[YamlStep]:
    """Yield the board's name, and a script that runs flash-kernel."""
    _refuse_without_fstab(export, operation)
    yield from parents(export, MACHINE)
    yield YamlStep(keys={"create-file": MACHINE, "contents": f"{operation.machine}\n"})
    settings = _SET_WITH_ROOT.format(operation.command_line())
    yield export.chroot(f"{settings}{SET}{FLASH}".removesuffix("\n"))


def _refuse_without_fstab(export: Export, operation: UBootMenu) -> None:
    operations = export.plan.operations
    if not any(isinstance(o, Fstab) for o in operations[: operations.index(operation)]):
        what = f"for {operation.summary()} above /etc/fstab, which names the root"
        export.refuse(operation, what, "move fstab() above it")


def _has_one_digit(export: Export, device: BlockDevice) -> bool:
    return any(p.partition is device and p.number < _TEN for p in export.plan.layout.partitions)


def _grub(
    export: Export, operation: TreeOperation, flavour: str, where: dict[str, Value]
) -> Iterator[YamlStep]:
    config = _config(export, operation)
    if config.parameters:
        words = " ".join(config.parameters)
        line = f'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX {words}"\n'
        yield from parents(export, _IN_EVERY_ENTRY)
        yield YamlStep(keys={"create-file": _IN_EVERY_ENTRY, "contents": line})
    parameters = config.default_parameters
    if traits_of(operation.root.mounted.filesystem).starts_writable and "rw" not in parameters:
        parameters = (*parameters, "rw")
    keys: dict[str, Value] = {"grub": flavour, "tag": export.tag(operation.root), **where}
    if config.console == "serial":
        keys["console"] = "serial"
    if config.timeout:
        keys["timeout"] = config.timeout
    if config.quiet:
        keys["quiet"] = True
    if parameters != PARAMETERS:
        keys["kernel-params"] = list(parameters)
    yield YamlStep(keys=keys)
    yield from _root_by_uuid(export, operation)


def _root_by_uuid(export: Export, operation: TreeOperation) -> Iterator[YamlStep]:
    if isinstance(operation.root.mounted.filesystem.device, Partition):
        yield export.chroot(own(_BY_UUID))


def _config(export: Export, operation: TreeOperation) -> GrubConfig:
    """Return the configuration of a boot loader: the last one before it."""
    before = export.plan.operations[: export.plan.operations.index(operation)]
    return [o for o in before if isinstance(o, GrubConfig)][-1]


def is_grubs_own(export: Export, operation: Apt) -> bool:
    """Return whether vmdb2's grub step installs this package, just before GRUB."""
    operations = export.plan.operations
    rest = operations[operations.index(operation) + 1 :][:2]
    if not rest or not isinstance(rest[0], GrubConfig) or rest[0].name != operation.name:
        return False
    plain = operation.recommends and not (operation.debs or operation.suite or operation.unless)
    return bool(plain) and operation.packages == _package(rest[-1])


def _package(operation: object) -> tuple[str, ...]:
    match operation:
        case GrubBios():
            return ("grub-pc",)
        case GrubIeee1275():
            return ("grub-ieee1275",)
        case GrubUefi() if operation.root.arch in _UEFI:
            return (f"grub-efi-{operation.efi.package}",)
    return ()


def grow_root(export: Export, operation: GrowRoot) -> Iterator[YamlStep]:
    """Yield vmdb2's step, which needs parted, and knows the first partition and ext alone."""
    root = export.plan.layout.of_mount(operation.root.mounted).filesystem
    if not isinstance(root.device, PartitionLayout):
        export.refuse(operation, "to grow a root filesystem that is on no partition")
        return
    packages = {
        package
        for o in export.plan.tree_operations
        if isinstance(o, Apt | Debootstrap)
        for package in (o.packages if isinstance(o, Apt) else o.include)
    }
    if "parted" not in packages:
        yield export.chroot(own(_PARTED))
    yield YamlStep(keys={"resize-rootfs": export.tag(operation.root)})
    changes = [] if root.device.number == 1 else [f"-e 's/^partno=.*/partno={root.device.number}/'"]
    if not isinstance(root.filesystem, Ext):
        changes.append("-e 's|^resize2fs .*|/lib/systemd/systemd-growfs /|'")
    if changes:
        yield export.chroot(own(f"sed -i {' '.join(changes)} /usr/sbin/resize-rootfs"))
