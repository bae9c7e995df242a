"""A boot script for U-Boot, or a kernel as an older board's firmware takes it, by flash-kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from vmdsl.language.effects import Tree
from vmdsl.language.handles import RootFs
from vmdsl.language.operation import operation, record, refuse
from vmdsl.machines import Arch
from vmdsl.operations.boot_loaders.u_boot.extlinux import UBootMenu, root_parameter

MACHINE = "/etc/flash-kernel/machine"
#: That this machine has started with EFI does not matter. A kernel of another flavour than the
#: board's is left alone without an error.
FLASH = """\
said=$(FK_IGNORE_EFI=yes flash-kernel 2>&1) || { echo "$said" >&2; exit 1; }
echo "$said"
case $said in *"installing version"*) ;; *) exit 1 ;; esac
"""
#: Puts the kernel's parameters where its package has those that debconf was told.
SET = """\
debconf-set-selections <<END
flash-kernel flash-kernel/linux_cmdline string $1
END
sed -i "s|^LINUX_KERNEL_CMDLINE=.*|LINUX_KERNEL_CMDLINE=\\"$1\\"|" /etc/default/flash-kernel
"""


@operation
class FlashKernel(UBootMenu):
    """The kernel for a board of flash-kernel's, such as /boot/boot.scr."""

    machine: str
    timeout: int = field(default=1, repr=False)
    default_parameters: Sequence[str] = field(default=(), repr=False)

    def summary(self) -> str:
        return f"flash-kernel for {self.machine}"

    @property
    def architectures(self) -> tuple[Arch, ...]:
        return (Arch.ARM64, Arch.ARMHF, Arch.ARMEL, Arch.RISCV64)

    def needs(self) -> tuple[tuple[str, ...], ...]:
        return (("flash-kernel",),)

    def apply(self, tree: Tree) -> None:
        """Name the board and the kernel's parameters, and run it as upgrades of kernels do."""
        tree.write(MACHINE, f"{self.machine}\n")
        tree.chroot("sh", "-ec", SET, "sh", f"{root_parameter(self, tree)} {self.command_line()}")
        tree.chroot("sh", "-ec", FLASH)


def flash_kernel(
    root: RootFs, machine: str, *, parameters: Sequence[str] = (), quiet: bool = False
) -> None:
    """Let flash-kernel make what a board starts, such as `/boot/boot.scr` for U-Boot.

    `machine` is the board's name in flash-kernel's database, which is that of its device tree:
    `Pine64 Rock64`. It is written to `/etc/flash-kernel/machine`, so that upgrades of the kernel
    need no board either. `parameters` are the kernel's; `quiet` silences the kernel and systemd
    while they start. The console is the port that U-Boot or the device tree names. The packages:
    flash-kernel, and u-boot-tools, which it recommends.
    """
    if not machine.strip() or machine.strip() != machine or not machine.isprintable():
        raise refuse(
            f"{machine!r} is not the name of a machine",
            "give the name in flash-kernel's database: Pine64 Rock64",
            about="machine",
            code="boot-loader-setting",
        )
    record(FlashKernel(root=root, machine=machine, parameters=parameters, quiet=quiet))
