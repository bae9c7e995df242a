"""Partitions that are left unformatted: each start encrypts them with a new key, as swap."""

from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    MiB,
    Mounted,
    Partition,
    RootFs,
    chroot,
    create_file,
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
def disk() -> Disk:
    return mkimg(GiB(2))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def swap() -> Partition:
    return mkpart(table(), size=MiB(200), type="swap", label="cryptswap")


@step
def scratch() -> Partition:
    return mkpart(table(), size=MiB(100), label="scratch")


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", include=["cryptsetup"])


@step
def crypttab() -> None:
    line = "cryptswap PARTLABEL=cryptswap /dev/urandom swap,cipher=aes-xts-plain64,size=512\n"
    create_file(system(), "/etc/crypttab", line)
    chroot(system(), "echo scratch /dev/disk/by-partlabel/scratch /dev/random tmp >>/etc/crypttab")
    fstab(system(), extra=["/dev/mapper/cryptswap none swap sw 0 0"])
