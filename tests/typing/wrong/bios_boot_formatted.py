# header: root


@step
def bios_boot() -> Ext4:
    return mkext4(mkpart(table(), size=MiB(1), type="bios-boot"))  # E: bios_boot, of the type bios-boot, holds the boot loader itself
