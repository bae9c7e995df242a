"""GRUB's files on each platform: its modules, and a core image that finds them."""

from __future__ import annotations

from pathlib import PurePosixPath

from vmdsl.language.effects import Tree
from vmdsl.language.handles import traits_of
from vmdsl.language.layout import Layout, LuksLayout, MountLayout, VolumeLayout
from vmdsl.machines import Arch

_MODULES = (
    "part_gpt",
    "part_msdos",
    "ext2",
    "fat",
    "search",
    "search_fs_uuid",
    "normal",
    "configfile",
)
#: To open what mkluks() makes with kdf="pbkdf2".
_FOR_LUKS = ("cryptodisk", "luks2", "pbkdf2", "gcry_rijndael", "gcry_sha256", "gcry_sha512")

#: Where GRUB asks for passphrases before it has its configuration, if not on the console of the
#: firmware: a BIOS has none on the serial port. The commands fail, with no harm, if there is none.
TERMINALS = """\
serial --unit=0 --speed=115200
terminal_input console serial
terminal_output console serial
"""
TERMINAL_MODULES = ("serial", "terminal")


def install_modules(tree: Tree, platform: str) -> None:
    """Copy GRUB's modules to where grub.cfg loads them from."""
    tree.chroot(
        "sh",
        "-ec",
        'cd "/usr/lib/grub/$0"; mkdir -p "/boot/grub/$0"; cp ./*.mod ./*.lst "/boot/grub/$0/"',
        platform,
    )


def make_core(tree: Tree, platform: str, name: str, *options: str) -> str:
    """Make a core image with the tree's grub-mkimage, and return its path.

    `options` are further options of grub-mkimage, or modules.
    """
    is_bios = any(platform == arch.traits.bios for arch in Arch)
    asks = is_bios and bool(tree.layout.luks_below(tree.layout.holding("/boot/grub")))
    early = f"{TERMINALS if asks else ''}{search(tree.layout)}"
    tree.write(f"/boot/grub/{platform}/load.cfg", early)
    more = (*options, *(TERMINAL_MODULES if asks else ()))
    output = f"/boot/grub/{platform}/{name}"
    config = f"/boot/grub/{platform}/load.cfg"
    where = ("-c", config, "-p", prefix(tree.layout), "-o", output)
    tree.chroot("grub-mkimage", "-O", platform, *where, *modules(tree.layout), *more)
    return output


def modules(layout: Layout) -> list[str]:
    """Return the modules by which a core image finds the others."""
    mount = layout.holding("/boot/grub")
    return sorted({*_MODULES, grub_name(mount), *modules_below(layout, mount)})


def modules_below(layout: Layout, mount: MountLayout) -> tuple[str, ...]:
    """Return the modules by which GRUB finds the device of a mount's filesystem."""
    is_volume = isinstance(mount.filesystem.device, VolumeLayout)
    return (*(_FOR_LUKS if layout.luks_below(mount) else ()), *(("lvm",) if is_volume else ()))


def grub_name(mount: MountLayout) -> str:
    """Return GRUB's name for the filesystem of a mount, which is that of its module."""
    return traits_of(mount.filesystem.filesystem).grub_module


def stub(tree: Tree) -> str:
    """Return a grub.cfg that goes on with the one in /boot/grub."""
    return f"{search(tree.layout)}configfile $prefix/grub.cfg\n"


def preseed(tree: Tree, *answers: str) -> None:
    """Answer questions of packages: `package question type value`."""
    tree.chroot("debconf-set-selections", stdin="".join(f"{answer}\n" for answer in answers))


def search(layout: Layout) -> str:
    """Return GRUB's commands that look for the filesystem of /boot/grub by its UUID.

    It asks for the passphrases of encrypted devices before.
    """
    mount = layout.holding("/boot/grub")
    opened = "".join(f"cryptomount -u {bare_uuid(one)}\n" for one in layout.luks_below(mount))
    uuid = mount.filesystem.uuid
    return f"{opened}search.fs_uuid {uuid} root\nset prefix=($root){prefix(layout)}\n"


def bare_uuid(luks: LuksLayout) -> str:
    """Return the UUID of an encrypted device as GRUB takes it: without dashes."""
    return luks.uuid.replace("-", "")


def prefix(layout: Layout) -> str:
    """Return the path of /boot/grub in the filesystem that it is on, from its top level."""
    mount = layout.holding("/boot/grub")
    return str(mount.inside / PurePosixPath("/boot/grub").relative_to(mount.path))
