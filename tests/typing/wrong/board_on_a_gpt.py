# header: table


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), start=MiB(16))))


@step
def system() -> RootFs:
    return debian(root(), suite="trixie", arch=Arch.ARMHF)


@step
def boot() -> None:
    fstab(system())
    add_u_boot(system(), Board.ORANGEPI_ZERO, table().disk)  # E: where the partition table (GPT) is: bytes 512 to 17408
