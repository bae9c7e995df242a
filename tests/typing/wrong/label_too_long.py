# header: table


@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), type="esp"), label="EFI system partition")  # E: the label 'EFI system partition' is too long


@step
def of_the_partition() -> Ext4:
    return mkext4(mkpart(table(), size=MiB(64), label="😀" * 19))  # E: is too long
