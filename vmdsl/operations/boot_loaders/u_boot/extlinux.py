"""The boot menu that U-Boot reads: /boot/extlinux/extlinux.conf."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from vmdsl.language.effects import Tree
from vmdsl.language.handles import Filesystem, RootFs, traits_of
from vmdsl.language.layout import VolumeLayout, device_name
from vmdsl.language.operation import operation, record
from vmdsl.machines import Arch
from vmdsl.operations.boot_loaders.boot_loader import BootMenu, Console

#: Where u-boot-menu looks for settings.
SETTINGS = "/etc/u-boot-menu/conf.d/50-vmdsl.conf"
#: Runs what a kernel's package runs, which copies device trees to a /boot of its own, too.
UPDATE = """\
hook=/etc/kernel/postinst.d/zz-u-boot-menu
if [ -n "$(linux-version list)" ]; then
    for version in $(linux-version list); do "$hook" "$version"; done
else
    u-boot-update
fi
"""
#: The scripts ask stat(1) whether /boot is a filesystem of its own. In the tree it never is.
_APART = "/etc/u-boot-menu/conf.d/99-build.conf"
_STAT = 'stat() { echo "$3"; }\n'
_HAS_RSYNC = """\
if grep -q SYNC_DTBS /etc/kernel/postinst.d/zz-u-boot-menu; then
    command -v rsync >/dev/null ||
        { echo "rsync is missing: it copies device trees to /boot" >&2; exit 1; }
fi
"""


@operation
class UBootMenu(BootMenu):
    """A file that U-Boot starts. Its console is the port that the board's device tree names."""

    title = "U-Boot"
    reads_volumes = False

    console: Console = field(default="screen", repr=False)

    def reads(self, filesystem: Filesystem) -> bool:
        return traits_of(filesystem).is_read_by_u_boot

    @property
    def architectures(self) -> tuple[Arch, ...]:
        return tuple(arch for arch in Arch if not arch.traits.needs_disk)

    def command_line(self) -> str:
        """Return the kernel's parameters but for its root."""
        words = (*self.for_every_entry(), *self.for_usual_entries())
        return " ".join(words if {"ro", "rw"}.intersection(words) else ("ro", *words))


@operation
class Extlinux(UBootMenu):
    """/boot/extlinux/extlinux.conf, made by the system's own u-boot-update."""

    def summary(self) -> str:
        return "extlinux.conf for U-Boot"

    def needs(self) -> tuple[tuple[str, ...], ...]:
        return (("u-boot-menu",),)

    def settings(self) -> str:
        """Return the settings as u-boot-update reads them, but for the root."""
        lines = {
            "PROMPT": int(self.timeout != 0),
            "TIMEOUT": max(self.timeout * 10, 0),  # 0 waits until somebody chooses, if it prompts
            "PARAMETERS": self.command_line(),
            "SYNC_DTBS": "true",
        }
        return "".join(f'U_BOOT_{name}="{value}"\n' for name, value in lines.items())

    def apply(self, tree: Tree) -> None:
        """Write the settings where upgrades of kernels find them, and run u-boot-update."""
        layout = tree.layout
        root = f'U_BOOT_ROOT="{root_parameter(self, tree)}"\n'
        tree.write(SETTINGS, root + self.settings())
        if layout.holding("/boot/extlinux") is layout.of_mount(self.root.mounted):
            tree.chroot("sh", "-ec", UPDATE)
            return
        tree.write(_APART, _STAT)
        tree.chroot("sh", "-ec", _HAS_RSYNC + UPDATE)
        tree.remove(_APART)


def root_parameter(menu: BootMenu, tree: Tree) -> str:
    """Return the kernel's parameters that name the root filesystem."""
    mount = tree.layout.of_mount(menu.root.mounted)
    device = mount.filesystem.device
    flags = f" rootflags=subvol={mount.subvolume}" if mount.subvolume else ""
    if isinstance(device, VolumeLayout):  # whose name is how an initramfs finds it
        return f"root={device_name(device)}{flags}"
    return f"root=UUID={mount.filesystem.uuid}{flags}"


def extlinux(
    root: RootFs,
    *,
    timeout: int = 1,
    parameters: Sequence[str] = (),
    default_parameters: Sequence[str] = (),
    quiet: bool = False,
) -> None:
    """Write the boot menu that U-Boot looks for on all its boards, `/boot/extlinux/extlinux.conf`.

    `timeout` is how long the menu waits, in seconds; -1 waits until somebody chooses. `parameters`
    are the kernel's; `default_parameters` are too: U-Boot's menu has them also in its entries for
    rescue. `quiet` silences the kernel and systemd while they start. The console is the
    port that the board's device tree names. U-Boot reads ext2, ext3, ext4 and FAT. The package:
    u-boot-menu, which writes the menu again when kernels are upgraded; with a /boot of its own also
    rsync.
    """
    record(
        Extlinux(
            root=root,
            timeout=timeout,
            parameters=parameters,
            default_parameters=default_parameters,
            quiet=quiet,
        )
    )
