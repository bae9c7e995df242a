# header: table


@step
def esp() -> Vfat:
    return mkext4(mkpart(table(), size=MiB(256), type="esp"))  # M: Incompatible return value type (got "Ext4", expected "Vfat")  # e: the EFI system partition esp is ext4
