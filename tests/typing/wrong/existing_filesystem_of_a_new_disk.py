# header: table

"""A disk that is made anew has no filesystems yet."""


@step
def root() -> Mounted[Ext4]:
    return mount(existing_filesystem(table().disk, 1, Ext4))  # E: disk does not start from an image
