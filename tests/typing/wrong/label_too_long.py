# header: table


@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), type="esp"), label="EFI system partition")  # E: the label 'EFI system partition' is too long
