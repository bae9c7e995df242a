"""Every operation that can be written for vmdb2, in as many ways as that makes a difference."""

from pathlib import Path

from vmdsl import (
    Disk,
    Ext4,
    Fact,
    GiB,
    Gpt,
    KiB,
    Luks,
    MiB,
    Mounted,
    RootFs,
    Secret,
    Source,
    Swap,
    Vfat,
    ansible,
    apt,
    apt_remove,
    apt_source,
    apt_upgrade,
    cache_rootfs,
    chroot,
    copy_file,
    copy_tree,
    create_directory,
    create_file,
    create_symlink,
    debootstrap,
    fstab,
    grow_root,
    grub_bios,
    grub_uefi,
    host_shell,
    image_shell,
    mkext4,
    mkgpt,
    mkimg,
    mkluks,
    mklv,
    mkpart,
    mkswap,
    mkvfat,
    mkvg,
    mount,
    path_exists,
    preseed,
    sectors,
    step,
    system_file,
    unpack_rootfs,
    write_at,
)


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def bios_boot() -> None:
    mkpart(table(), start=MiB(4), size=MiB(1), type="bios-boot")


@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(64), type="esp", label="EFI system"), label="EFI")


@step
def swap() -> Swap:
    return mkswap(mkpart(table(), size=MiB(64), type="swap"), label="swap space")


@step
def locked() -> Luks:
    return mkluks(mkpart(table(), size=MiB(256), type="lvm"), Secret.from_command("echo", "a b"))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), flags=("read-only",)), reserved=0))


@step
def volumes() -> None:
    group = mkvg(locked(), name="volumes")
    mkext4(mklv(group, size=MiB(64), name="spare"))
    mount(mkext4(mklv(group, name="data")), "/srv/data", on=root(), options=("noatime",))


@step
def efi() -> Mounted[Vfat]:
    return mount(esp(), "/boot/efi", on=root())


@step
def unpacked() -> Fact:
    return unpack_rootfs(root(), "rootfs.tar")


@step
def system() -> RootFs:
    return debootstrap(
        root(),
        suite="trixie",
        components=["main", "non-free-firmware"],
        variant="standard",
        include=["curl"],
        sources=[Source(name="more", uris=["http://mirror.example/more"], suites=["./"])],
        unless=unpacked(),
    )


@step
def packages() -> None:
    preseed(system(), "tzdata tzdata/Areas select Europe", "grub2 grub2/it's string ${#a} {{ b }}")
    apt_source(system(), Source(name="own", uris=["file:/srv"], suites=["x"], trusted=True))
    apt(system(), "linux-image-amd64", "grub-pc", "grub-efi-amd64-bin", "python3", "libc6:i386")
    apt(system(), "nano", suite="trixie-backports", recommends=False, unless=unpacked())
    apt_remove(system(), "nano", purge=True, autoremove=True)
    apt_upgrade(system())
    cache_rootfs(system(), "rootfs.tar", unless=unpacked())


@step
def has_motd() -> Fact:
    return path_exists(system(), "/etc/motd it's")


@step
def content() -> None:
    create_file(system(), "/etc/motd", "Welcome: yes\n{% raw %} {{ x }} ${#y}\n", unless=has_motd())
    create_file(system(), "/etc/resolv.conf", "nameserver 192.0.2.1\n")
    create_file(system(), "/srv/a/b", "", mode=0o6755, uid="root", gid=0)
    create_directory(system(), "/srv/www", mode=0o750, uid=33)
    create_directory(system(), "/srv/shared", mode=0o2775, gid="www-data", unless=has_motd())
    create_symlink(system(), "/etc/localtime", "../usr/share/zoneinfo/UTC")
    copy_file(system(), "accept.py", "/usr/local/bin/it's", mode=0o755, unless=has_motd())
    copy_file(system(), "accept.py", "/srv/copy", gid="adm")
    copy_tree(system(), ".", "/srv/tree", uid="www-data", exclude=("*.pyc", "__pycache__"))
    copy_tree(system(), "play", "/srv/play", umask=0o077, gid=5)
    chroot(system(), "\n    cat <<END\n  a\n{#\nEND\n    ", unless=has_motd())
    host_shell(system(), 'echo "$ROOT" | sed "s/a/b/"', inputs=())
    host_shell(system(), 'printf x | dd of="$IMAGE" seek=4000 bs=512 conv=notrunc', image=disk())
    ansible(system(), "play/play.yml", tags=("a",), extra_vars={"t": "{{ x }}\n", "l": [1, True]})
    fstab(system(), extra=["tmpfs /tmp/x tmpfs size=1G 0 0"])
    grow_root(system())


@step
def boot_loader() -> None:
    grub_bios(system(), console="serial", parameters=("quiet",), default_parameters=("rw",))
    grub_uefi(system(), efi(), console="serial", parameters=("quiet",), default_parameters=("rw",))


@step
def image() -> None:
    write_at(disk(), bytes(range(100)), offset=sectors(3000))
    write_at(disk(), Path("accept.py"), offset=KiB(2000))
    write_at(disk(), system_file(system(), "/etc/motd"), offset=KiB(3000))
    image_shell(disk(), "sfdisk --verify '\"$IMAGE\"' || : $IMAGE", table=True)
