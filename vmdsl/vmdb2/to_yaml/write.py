"""A plan as a specification for vmdb2."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from vmdsl.errors import RecipeError
from vmdsl.language.effects import TreeOperation
from vmdsl.language.handles import (
    Disk,
    Extended,
    Filesystem,
    Gpt,
    LogicalVolume,
    Luks,
    Mounted,
    Msdos,
    Partition,
    Subvolume,
    SwapFile,
    VolumeGroup,
)
from vmdsl.language.operation import Operation
from vmdsl.language.secret import secrets_in
from vmdsl.operations.boot_loaders.grub.bios import GrubBios, GrubBootCode
from vmdsl.operations.boot_loaders.grub.config import GrubConfig
from vmdsl.operations.boot_loaders.grub.ieee1275 import GrubIeee1275, GrubPrep
from vmdsl.operations.boot_loaders.grub.uefi import GrubUefi
from vmdsl.operations.boot_loaders.u_boot.extlinux import Extlinux
from vmdsl.operations.boot_loaders.u_boot.flash_kernel import FlashKernel
from vmdsl.operations.disk.existing import ExistingFiles
from vmdsl.operations.disk.from_image import StartFromImage
from vmdsl.operations.files.directories import CopyTree, CreateDirectory, CreateSymlink
from vmdsl.operations.files.files import CopyFile, CreateFile, PathExists
from vmdsl.operations.files.fstab import Fstab
from vmdsl.operations.files.passwords import SetPassword
from vmdsl.operations.packages.apt import Apt, AptRemove
from vmdsl.operations.packages.debconf import Preseed
from vmdsl.operations.packages.sources import AptSource
from vmdsl.operations.packages.upgrade import AptUpgrade
from vmdsl.operations.scripts.ansible import Ansible
from vmdsl.operations.scripts.image import ImageShell, WriteAt
from vmdsl.operations.scripts.shells import Chroot, HostShell
from vmdsl.operations.systems.existing import ExistingSystem
from vmdsl.operations.systems.growth import GrowRoot
from vmdsl.operations.systems.mmdebstrap import Debootstrap
from vmdsl.operations.systems.tarballs import CacheRootfs, SystemFrom, UnpackRootfs
from vmdsl.plan.plan import Plan
from vmdsl.vmdb2.marked_scripts import own
from vmdsl.vmdb2.to_yaml import boot_loader, files, packages, system
from vmdsl.vmdb2.to_yaml import image as images
from vmdsl.vmdb2.to_yaml.disk import disk
from vmdsl.vmdb2.to_yaml.emit import YamlStep, emit
from vmdsl.vmdb2.to_yaml.export import UNPACKED, Export, guarded
from vmdsl.vmdb2.to_yaml.system import fstab

Lower = Callable[[Export, Any], Iterator[YamlStep]]

#: The function that writes each operation.
LOWERED: Mapping[type[Operation], Lower] = {
    Ansible: packages.ansible,
    Apt: packages.apt,
    AptRemove: packages.apt_remove,
    AptSource: system.apt_source,
    AptUpgrade: packages.apt_upgrade,
    CacheRootfs: system.cache_rootfs,
    Chroot: packages.chroot,
    CopyFile: files.copy_file,
    CopyTree: files.copy_tree,
    CreateDirectory: files.create_directory,
    CreateFile: files.create_file,
    CreateSymlink: files.create_symlink,
    Debootstrap: system.debootstrap,
    Extlinux: boot_loader.extlinux,
    FlashKernel: boot_loader.flash_kernel,
    Fstab: fstab,
    GrowRoot: boot_loader.grow_root,
    GrubBios: boot_loader.grub_bios,
    GrubIeee1275: boot_loader.grub_ieee1275,
    GrubUefi: boot_loader.grub_uefi,
    HostShell: packages.host_shell,
    ImageShell: images.image_shell,
    PathExists: files.path_exists,
    Preseed: packages.preseed,
    SystemFrom: system.system_from,
    UnpackRootfs: system.unpack_rootfs,
    WriteAt: images.write_at,
}
#: Operations that the steps of others do already: vmdb2's step for GRUB is all of them at once.
IN_OTHERS: frozenset[type[Operation]] = frozenset({GrubConfig, GrubBootCode, GrubPrep})
#: Operations that are written from the layout, as is every filesystem.
IN_LAYOUT: frozenset[type[Operation]] = frozenset(
    {
        *(Disk, Extended, Gpt, LogicalVolume, Luks, Mounted, Msdos, Partition, Subvolume),
        *(SwapFile, VolumeGroup),
    }
)
#: Operations that vmdb2 can't do: they hold nothing but a secret, or take an image that is there.
REFUSED: frozenset[type[Operation]] = frozenset(
    {SetPassword, ExistingFiles, ExistingSystem, StartFromImage}
)

_ROOT_MAKERS = (Debootstrap, SystemFrom, UnpackRootfs)
_WIDTH = 90
_HEADER = """\
Written by vmdsl from {recipe}. In the directory of that file, as root:
  {command}"""
_TIDY = "[ ! -s /etc/machine-id ] || : >/etc/machine-id"
#: Marks the end of what debootstrap has copied, before the recipe writes the file itself.
_LENT_RESOLVER = """\
[ -L "$ROOT/etc/resolv.conf" ] || ! cmp -s /etc/resolv.conf "$ROOT/etc/resolv.conf" ||
    echo "# of the machine that builds" >>"$ROOT/etc/resolv.conf\""""
#: Removes that, and the file if nothing is left. A symlink or another file is the recipe's.
_NO_RESOLVER = """\
file=$ROOT/etc/resolv.conf
if [ ! -L "$file" ] && grep -qs "^# of the machine that builds" "$file"; then
    sed -i "1,/^# of the machine that builds/d" "$file"
    [ -s "$file" ] || rm "$file"
fi"""
_REMOVED = "rm -f /etc/resolv.conf"
#: vmdb2 itself does the same at its end: a symlink into /run leads nowhere then.
_REMOVED_AT_ITS_END = f"[ -L /etc/resolv.conf ] || {_REMOVED}"


def to_yaml(plan: Plan) -> str:
    """Return the specification. Raises RecipeError with all that vmdb2 cannot do."""
    export = Export.of(plan)
    for operation in plan.operations:
        known = type(operation) in {*LOWERED, *IN_OTHERS, *IN_LAYOUT, *REFUSED}
        if not known and not isinstance(operation, Filesystem):
            what = f"to do what {type(operation).__name__} does"
            export.refuse(operation, what, "leave it out, or do it with a script")
    steps = [*disk(export), *_tree(export), *_image(export)]
    if export.problems:
        raise RecipeError(*export.problems)
    if export.root:
        steps = _with_own_ends(export, steps)
    return emit(_header(export), steps)


def _with_own_ends(export: Export, steps: list[YamlStep]) -> list[YamlStep]:
    """Return the steps, and what vmdsl does at the end of every build.

    Vmdb2 always removes the resolver's configuration at the end, also one that the recipe made.
    """
    ends = []
    if any(isinstance(o, _ROOT_MAKERS) for o in export.plan.operations):
        ends.append(export.chroot(own(_TIDY)))
    mentioned = any("resolv" in str(step.keys) for step in steps) or any(
        isinstance(operation, SystemFrom | UnpackRootfs) for operation in export.plan.operations
    )
    last = steps[-1].keys.get("shell") if steps else ""
    if last == _REMOVED_AT_ITS_END:
        return [*steps[:-1], *ends]
    if not mentioned or last == _REMOVED:
        return [*steps, *ends]
    kept = [
        YamlStep(keys={**step.keys, "keep_resolvconf": True})
        if "mount" in step.keys and "dirname" not in step.keys
        else step
        for step in steps
    ]
    made = next((n for n, step in enumerate(kept) if "virtual-filesystems" in step.keys), -1)
    if made >= 0:
        kept.insert(made + 1, export.shell(own(_LENT_RESOLVER)))
    return [*kept, *ends, export.shell(own(_NO_RESOLVER))]


def _tree(export: Export) -> Iterator[YamlStep]:
    operations = export.plan.tree_operations
    makers = [n for n, operation in enumerate(operations) if isinstance(operation, _ROOT_MAKERS)]
    last = makers[-1] if makers else -1
    for number, operation in enumerate(operations):
        if isinstance(operation, Apt) and boot_loader.is_grubs_own(export, operation):
            continue
        yield from _lowered(export, operation)
        if number == last:
            yield YamlStep(keys={"virtual-filesystems": export.root})
            for maker in operations:
                if isinstance(maker, Debootstrap):
                    yield from _conditional(export, maker, system.after_bootstrap(export, maker))


def _image(export: Export) -> Iterator[YamlStep]:
    for operation in export.plan.image_operations:
        yield from _lowered(export, operation)
    yield from images.table(export)


def _lowered(export: Export, operation: Operation) -> Iterator[YamlStep]:
    """Yield the steps of one operation, or note a problem with it."""
    secrets = sorted(secret.place for secret in secrets_in(operation))
    lower = LOWERED.get(type(operation))
    if secrets:
        what = f"for the secret of the {secrets[0]}: it would be in the file"
        export.refuse(operation, what, "leave it out, and set it on the machine that runs")
    elif lower is None:  # it is in the steps of others, or was refused
        return
    elif not export.root:
        export.refuse(operation, "to do this without a root filesystem")
    elif isinstance(operation, TreeOperation):
        yield from _conditional(export, operation, lower(export, operation))
    else:
        yield from lower(export, operation)


def _conditional(
    export: Export, operation: TreeOperation, steps: Iterator[YamlStep]
) -> Iterator[YamlStep]:
    """Yield the steps, under the condition of their operation."""
    condition, marker = export.unless(operation)
    for step in steps:
        if condition:
            yield YamlStep(keys={**step.keys, "unless": UNPACKED})
        elif not marker:
            yield step
        elif (scripted := guarded(step, marker)) is not None:
            yield scripted
        else:
            export.refuse(
                operation, f"for path_exists(), as the condition of {operation.summary()}"
            )
            return


def _header(export: Export) -> list[str]:
    plan = export.plan
    name = Path(plan.name).stem
    words = [shlex.join(["vmdb2", f"{name}.vmdb", f"--output={name}.img"])]
    options = [
        f"--rootfs-tarball={operation.tarball or 'rootfs.tar.gz'}"
        for operation in plan.operations
        if isinstance(operation, UnpackRootfs | CacheRootfs | SystemFrom)
    ]
    options += [f"--variable={name}={value}" for name, value in export.variables.items()]
    words += map(shlex.quote, dict.fromkeys(options))
    command = " ".join(words)
    if len(command) > _WIDTH:
        command = " \\\n    ".join(words)
    return [*_HEADER.format(recipe=plan.recipe.name, command=command).splitlines(), *export.notes]
