"""Lines of fstab that change filesystems which the running system has by itself."""

from vmdsl import (
    Ext4,
    GiB,
    Mounted,
    RootFs,
    debootstrap,
    fstab,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mount,
    step,
)


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkgpt(mkimg(GiB(4))))))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step
def table_of_mounts() -> None:
    fstab(
        system(),
        extra=[
            "proc /proc proc defaults,hidepid=2 0 0",
            "tmpfs /dev/shm tmpfs size=1G,nosuid,nodev 0 0",
            "devpts /dev/pts devpts gid=5,mode=620 0 0",
            "tmpfs /run tmpfs size=20% 0 0",
            "debugfs /sys/kernel/debug debugfs defaults 0 0",
            "/srv/etc /etc/app none bind 0 0",
            "overlay /etc overlay lowerdir=/etc,upperdir=/a,workdir=/b 0 0",
            "10.0.0.1:/a=b /mnt nfs defaults 0 0",
        ],
    )
