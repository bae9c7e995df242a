# header: table


@step
def slash() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(64)), label="EFI/BOOT")  # E: the label 'EFI/BOOT' has characters that FAT does not take: /


@step
def umlaut() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(64)), label="GERÄT")  # E: the label 'GERÄT' has characters that FAT does not take: Ä


@step
def none() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(64)), label="NO NAME")  # E: FAT does not keep the label 'NO NAME'


@step
def long() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(64)), label="FIRMWARE_BOOT")  # E: the label 'FIRMWARE_BOOT' is too long


@step
def swap() -> Swap:
    return mkswap(mkpart(table(), size=MiB(64), type="swap"), label="sixteen-letters!")  # E: the label 'sixteen-letters!' is too long
