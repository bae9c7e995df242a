# header: table


@step
def esp() -> Ext4:
    return mkext4(mkpart(table(), type="esp"))  # E: the EFI system partition esp is ext4
