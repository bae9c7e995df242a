"""The least of another architecture that boots. While it is built, programs say what they see."""

from vmdsl import (
    Arch,
    Ext4,
    Gpt,
    MiB,
    Mounted,
    RootFs,
    Vfat,
    apt,
    chroot,
    create_file,
    debootstrap,
    fstab,
    grub_uefi,
    host_shell,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mkvfat,
    mount,
    option,
    step,
)

arch = option(Arch.ARM64, help="Architecture of the system.")
mirror = option("", help="Mirror for the packages; Debian's own servers if it isn't given.")

#: GRUB without the scripts of its packages, which ask and configure.
GRUB = {Arch.ARM64: "grub-efi-arm64-bin", Arch.ARMHF: "grub-efi-arm-bin"}
#: Of the kernel's modules only those that find the root, as each takes depmod its time.
FEW = """\
path-exclude=/usr/lib/modules/*/kernel/*
path-include=/usr/lib/modules/*/kernel/drivers/virtio/*
path-include=/usr/lib/modules/*/kernel/drivers/block/virtio_blk*
path-include=/usr/lib/modules/*/kernel/fs/ext4/*
path-include=/usr/lib/modules/*/kernel/fs/jbd2/*
path-include=/usr/lib/modules/*/kernel/fs/mbcache*
path-include=/usr/lib/modules/*/kernel/lib/crc*
path-include=/usr/lib/modules/*/kernel/crypto/crc*
path-include=/usr/lib/modules/*/kernel/arch/*/crypto/crc*
path-include=/usr/lib/modules/*/kernel/arch/*/lib/crc*
"""
#: Runs in place of systemd.
HELLO = """\
#!/bin/sh
mount -t proc proc /proc
mount -o remount,rw / && echo "$(uname -m) $(dpkg --print-architecture)" >/hello
echo "hello from $(cat /hello) on $(findmnt --noheadings --output UUID,FSTYPE,OPTIONS /)"
sync
mount -o remount,ro /
echo o >/proc/sysrq-trigger
sleep 60
"""
#: setuid programs keep their owner's id, and a program its first word.
SEEN = """\
uname -m >/seen
bash -c 'echo "$0"' by-another-name >>/seen
cp /usr/bin/id /usr/bin/id-of-root
chmod u+s /usr/bin/id-of-root
setpriv --reuid=65534 --clear-groups id-of-root -u >>/seen
ls -A /proc/sys/fs/binfmt_misc >>/seen
"""
#: What runs a script is not noted in the image, which is to be the same whatever it is.
SAY = """\
#!/bin/sh
[ "$1" = prereqs ] || echo "$(basename "$0") is run by $(readlink /proc/$$/exe)"
"""
OWN_INITRAMFS = """\
update-initramfs -u
echo "script is run by $(readlink /proc/$$/exe)"
"""


@step
def table() -> Gpt:
    return mkgpt(mkimg(MiB(800)))


@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(64), type="esp"))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def efi() -> Mounted[Vfat]:
    return mount(esp(), "/boot/efi", on=root())


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", arch=arch(), variant="minbase", mirror=mirror())


@step
def seen() -> None:
    chroot(system(), SEEN)
    host_shell(system(), '"$ROOT"/usr/bin/uname -m >>"$ROOT"/seen')


@step
def kernel() -> None:
    create_file(system(), "/etc/dpkg/dpkg.cfg.d/few-modules", FEW)
    create_file(system(), "/usr/sbin/hello", HELLO, mode=0o755)
    create_file(system(), "/etc/kernel/postinst.d/zz-hook-of-package", SAY, mode=0o755)
    create_file(system(), "/etc/initramfs-tools/hooks/hook-of-initramfs", SAY, mode=0o755)
    flavour = arch().cloud_kernel or arch().kernel
    apt(system(), f"linux-image-{flavour}", GRUB[arch()], "grub2-common", recommends=False)


@step
def own_initramfs() -> None:
    chroot(system(), OWN_INITRAMFS)


@step
def boot() -> None:
    fstab(system())
    grub_uefi(system(), efi(), console="serial", timeout=0, parameters=("init=/usr/sbin/hello",))
