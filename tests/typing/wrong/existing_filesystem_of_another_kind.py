# header: imports

"""The partition holds something else."""


@step
def disk() -> Disk:
    return mkimg(from_image="cloud.raw")


@step
def root() -> Mounted[Ext4]:
    return mount(existing_filesystem(disk(), 1, Ext4))  # E: partition 1 of cloud.raw holds ext2, not ext4
