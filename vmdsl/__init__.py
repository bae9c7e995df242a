"""vmdsl builds bootable Debian disk images from recipes in typed Python, without root.

A recipe imports what it needs from here: `from vmdsl import GiB, Disk, mkimg, step`.
"""

from vmdsl.language.effects import CopyRules, Image, ImageOperation, Tree, TreeOperation
from vmdsl.language.handles import (
    BlockDevice,
    Disk,
    Extended,
    Filesystem,
    Gpt,
    LogicalVolume,
    Luks,
    Mountable,
    Mounted,
    Msdos,
    Partition,
    RootFs,
    Subvolume,
    SwapFile,
    VolumeGroup,
)
from vmdsl.language.layout import Layout, Span
from vmdsl.language.operation import Fact, record, refuse, warn
from vmdsl.language.secret import Secret
from vmdsl.language.steps import (
    Flag,
    Option,
    Step,
    flag,
    option,
    optional_path,
    require,
    step,
    step_if,
)
from vmdsl.machines import Arch
from vmdsl.operations.boot_loaders.grub.calls import grub_bios, grub_ieee1275, grub_uefi
from vmdsl.operations.boot_loaders.u_boot.extlinux import extlinux
from vmdsl.operations.boot_loaders.u_boot.flash_kernel import flash_kernel
from vmdsl.operations.disk.btrfs import Btrfs, mkbtrfs, subvolume
from vmdsl.operations.disk.disks import mkextended, mkgpt, mkimg, mkmsdos, mkpart, mount
from vmdsl.operations.disk.existing import existing_filesystem
from vmdsl.operations.disk.ext import Ext2, Ext3, Ext4, mkext2, mkext3, mkext4
from vmdsl.operations.disk.f2fs import F2fs, mkf2fs
from vmdsl.operations.disk.fat import Vfat, mkvfat
from vmdsl.operations.disk.swap import Swap, mkswap, mkswapfile
from vmdsl.operations.disk.volumes import mkluks, mklv, mkvg
from vmdsl.operations.disk.xfs import Xfs, mkxfs
from vmdsl.operations.files.directories import copy_tree, create_directory, create_symlink
from vmdsl.operations.files.files import copy_file, create_file, path_exists
from vmdsl.operations.files.fstab import fstab
from vmdsl.operations.files.passwords import set_password
from vmdsl.operations.packages.apt import apt, apt_remove
from vmdsl.operations.packages.debconf import preseed
from vmdsl.operations.packages.sources import Source, apt_source
from vmdsl.operations.packages.upgrade import apt_upgrade
from vmdsl.operations.scripts.ansible import ansible
from vmdsl.operations.scripts.image import SystemFile, image_shell, system_file, write_at
from vmdsl.operations.scripts.shells import chroot, host_shell
from vmdsl.operations.systems.debootstrap import debootstrap
from vmdsl.operations.systems.existing import existing_system
from vmdsl.operations.systems.growth import grow_root
from vmdsl.operations.systems.tarballs import cache_rootfs, system_from, unpack_rootfs
from vmdsl.values import GB, MB, TB, GiB, KiB, MiB, Percent, Size, Suite, TiB, kB, position, sectors

__all__ = [
    "GB",
    "MB",
    "TB",
    "Arch",
    "BlockDevice",
    "Btrfs",
    "CopyRules",
    "Disk",
    "Ext2",
    "Ext3",
    "Ext4",
    "Extended",
    "F2fs",
    "Fact",
    "Filesystem",
    "Flag",
    "GiB",
    "Gpt",
    "Image",
    "ImageOperation",
    "KiB",
    "Layout",
    "LogicalVolume",
    "Luks",
    "MiB",
    "Mountable",
    "Mounted",
    "Msdos",
    "Option",
    "Partition",
    "Percent",
    "RootFs",
    "Secret",
    "Size",
    "Source",
    "Span",
    "Step",
    "Subvolume",
    "Suite",
    "Swap",
    "SwapFile",
    "SystemFile",
    "TiB",
    "Tree",
    "TreeOperation",
    "Vfat",
    "VolumeGroup",
    "Xfs",
    "ansible",
    "apt",
    "apt_remove",
    "apt_source",
    "apt_upgrade",
    "cache_rootfs",
    "chroot",
    "copy_file",
    "copy_tree",
    "create_directory",
    "create_file",
    "create_symlink",
    "debootstrap",
    "existing_filesystem",
    "existing_system",
    "extlinux",
    "flag",
    "flash_kernel",
    "fstab",
    "grow_root",
    "grub_bios",
    "grub_ieee1275",
    "grub_uefi",
    "host_shell",
    "image_shell",
    "kB",
    "mkbtrfs",
    "mkext2",
    "mkext3",
    "mkext4",
    "mkextended",
    "mkf2fs",
    "mkgpt",
    "mkimg",
    "mkluks",
    "mklv",
    "mkmsdos",
    "mkpart",
    "mkswap",
    "mkswapfile",
    "mkvfat",
    "mkvg",
    "mkxfs",
    "mount",
    "option",
    "optional_path",
    "path_exists",
    "position",
    "preseed",
    "record",
    "refuse",
    "require",
    "sectors",
    "set_password",
    "step",
    "step_if",
    "subvolume",
    "system_file",
    "system_from",
    "unpack_rootfs",
    "warn",
    "write_at",
]
