# header: table


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=MiB(64)), options=("-E", "lazy_itable_int=0")))  # E: mke2fs -E does not know 'lazy_itable_int'


@step
def of_another_tool() -> Ext4:
    return mkext4(mkpart(table(), size=MiB(64)), options=("-Y",))  # E: mke2fs has no option -Y


@step
def share() -> Ext4:
    return mkext4(mkpart(table(), size=MiB(64)), options=("-m", "60"))  # E: mke2fs -m cannot be '60'


@step
def in_one_word() -> Ext4:
    return mkext4(mkpart(table(), size=MiB(64)), options=("-E nodiscard",))  # E: '-E nodiscard' is one word


@step
def a_size() -> Ext4:
    return mkext4(mkpart(table(), size=MiB(64)), options=("4096",))  # E: '4096' is not an option of mke2fs


@step
def without_a_value() -> Xfs:
    return mkxfs(mkpart(table(), size=MiB(300)), options=("-K", "-m"))  # E: mkfs.xfs: option -m requires argument


@step
def long_option() -> Btrfs:
    return mkbtrfs(mkpart(table(), size=MiB(256)), options=("--nodisard",))  # E: mkfs.btrfs has no option --nodisard


@step
def profile() -> Btrfs:
    return mkbtrfs(mkpart(table(), size=MiB(256)), options=("-d", "singel"))  # E: mkfs.btrfs -d does not know 'singel'


@step
def devices() -> Btrfs:
    return mkbtrfs(mkpart(table(), size=MiB(256)), options=("-m", "raid1"))  # E: a Btrfs with raid1 needs several devices


@step
def feature() -> F2fs:
    return mkf2fs(mkpart(table(), size=MiB(64)), options=("-O", "extra_atr,compression"))  # E: mkfs.f2fs -O does not know 'extra_atr'


@step
def kind_of_fat() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(64)), options=("-F", "64"))  # E: mkfs.vfat -F cannot be '64'


@step
def swap() -> Swap:
    return mkswap(mkpart(table(), size=MiB(64), type="swap"), options=("--page", "4096", "--discard"))  # E: mkswap has no option --discard
