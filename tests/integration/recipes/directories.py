"""Directories that are made and copied, in an image of nothing else."""

from vmdsl import (
    Ext4,
    MiB,
    Mounted,
    copy_tree,
    create_directory,
    create_file,
    create_symlink,
    flag,
    mkext4,
    mkimg,
    mkmsdos,
    mkpart,
    mount,
    option,
    step,
)

source = option("source", help="The directory to copy.")
kept = flag(default=False, help="Keep the owners of this machine.")


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkmsdos(mkimg(MiB(64))))))


@step
def before() -> None:
    create_file(root(), "/etc/passwd", "root:x:0:0::/root:/bin/sh\nwww:x:33:33::/:/bin/sh\n")
    create_file(root(), "/etc/group", "root:x:0:\nstaff:x:50:\n")
    create_directory(root(), "/usr/lib")
    create_symlink(root(), "/lib", "usr/lib")
    create_directory(root(), "/usr/lib", mode=0o711, uid="www", gid=50)
    create_file(root(), "/usr/lib/old", "replaced\n")
    create_symlink(root(), "/usr/lib/link", "/etc/passwd")
    create_symlink(root(), "/usr/lib/link", "old")


@step
def copies() -> None:
    copy_tree(root(), source(), "/", uid="www", gid="staff", exclude=("*.pyc", ".git"))
    copy_tree(root(), source(), "/srv/all", umask=0)
    if kept():
        copy_tree(root(), source(), "/kept", uid=None, gid=None)
