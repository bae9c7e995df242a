"""A small system with much of what vmdb2 has no step for."""

from vmdsl import (
    Disk,
    Ext4,
    Fact,
    GiB,
    MiB,
    Mounted,
    Msdos,
    RootFs,
    Swap,
    apt,
    apt_remove,
    chroot,
    copy_tree,
    create_directory,
    create_file,
    create_symlink,
    debootstrap,
    fstab,
    grub_bios,
    host_shell,
    mkext4,
    mkimg,
    mkmsdos,
    mkpart,
    mkswap,
    mount,
    option,
    path_exists,
    preseed,
    sectors,
    step,
    system_file,
    write_at,
)

mirror = option("http://mirror.example/debian", help="Mirror of the archive.")


@step
def disk() -> Disk:
    return mkimg(GiB(2))


@step
def table() -> Msdos:
    return mkmsdos(disk())


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), flags=("boot",)), label="root"), options=("noatime",))


@step
def swap() -> Swap:
    return mkswap(mkpart(table(), size=MiB(64), type="swap"), label="swap space")


@step
def srv() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=MiB(64))), "/srv", on=root())


@step
def system() -> RootFs:
    return debootstrap(root(), suite="bookworm", mirror=mirror(), variant="minbase")


@step
def packages() -> None:
    modules = ["MODULES=list", "COMPRESSLEVEL=1"]
    create_file(system(), "/etc/initramfs-tools/conf.d/list", "\n".join(modules) + "\n")
    create_file(
        system(),
        "/usr/share/initramfs-tools/modules.d/disk",
        "virtio_pci\nvirtio_blk\next4\ncrc32c_generic\n",
    )
    preseed(system(), "tzdata tzdata/Areas select Europe", "tzdata tzdata/Zones/Europe select Rome")
    apt(
        system(),
        *("linux-image-cloud-amd64", "grub-pc", "systemd-sysv", "udev", "nano"),
        recommends=False,
    )
    apt_remove(system(), "nano", purge=True)


@step
def has_os_release() -> Fact:
    return path_exists(system(), "/etc/os-release")


@step
def files() -> None:
    create_file(system(), "/etc/a/b/c", "deep {{ x }} ${#y}\n", mode=0o2640, uid="man", gid="mail")
    create_file(system(), "/etc/not", "", unless=has_os_release())
    create_directory(system(), "/srv/shared", mode=0o2775, gid="mail")
    create_symlink(system(), "/etc/link", "a/b")
    copy_tree(system(), "play", "/srv/play", uid="mail", exclude=("*.pyc",))
    host_shell(
        system(), 'printf hello | dd of="$IMAGE" bs=512 seek=1000 conv=notrunc', image=disk()
    )
    chroot(system(), "passwd --delete root; echo small >/etc/hostname")


@step
def boot() -> None:
    fstab(system(), extra=["tmpfs /scratch tmpfs size=1M 0 0"])
    grub_bios(system(), console="serial", parameters=("quiet", "x.y=z"))
    write_at(disk(), system_file(system(), "/etc/a/b/c"), offset=sectors(1100))
