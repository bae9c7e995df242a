# header: table
from uuid import UUID


@step
def spl() -> Partition:
    return mkpart(table(), size=MiB(2), type=UUID("2E54B353-1271-4842-806F-E436D6AF6985"))


@step
def u_boot() -> Partition:
    return mkpart(table(), size=MiB(4), type=UUID("5B193300-FC78-40CD-8002-E86C45580B47"))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def system() -> RootFs:
    return debian(root(), suite="trixie", arch=Arch.RISCV64)


@step
def no_partitions() -> None:
    add_u_boot(system(), Board.VISIONFIVE2, table().disk)  # E: starfive_visionfive2 looks for u-boot-spl.bin.normal.out and u-boot.itb in partitions


@step
def other_order() -> None:
    add_u_boot(system(), Board.VISIONFIVE2, u_boot(), spl())  # E: the board looks for u-boot-spl.bin.normal.out in a partition of the type 2e54b353


@step
def other_place() -> None:
    add_u_boot(system(), Board.UNMATCHED, u_boot(), spl())  # E: the board looks for u-boot.itb at 1041 KiB of the disk


@step
def right() -> None:
    fstab(system())
    apt(system(), "u-boot-menu")
    add_u_boot(system(), Board.VISIONFIVE2, spl(), u_boot())
    extlinux(system())
