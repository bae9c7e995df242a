# header: mbr

from uuid import UUID

LINUX = UUID("0fc63daf-8483-4772-8e79-3d69d8477de4")


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), type=LINUX))  # E: an MBR has no types by UUID
