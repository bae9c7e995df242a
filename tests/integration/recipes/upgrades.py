"""Boots with BIOS and UEFI, and holds a second kernel and GRUB's packages to be installed there."""

from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    MiB,
    Mounted,
    Partition,
    RootFs,
    Vfat,
    apt,
    chroot,
    create_file,
    debootstrap,
    fstab,
    grub_bios,
    grub_uefi,
    host_shell,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mkvfat,
    mount,
    step,
)


@step
def disk() -> Disk:
    return mkimg(GiB(3))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def bios_boot() -> Partition:
    return mkpart(table(), size=MiB(1), type="bios-boot")


@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(40), type="esp"))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def efi() -> Mounted[Vfat]:
    return mount(esp(), "/boot/efi", on=root())


@step
def system() -> RootFs:
    return debootstrap(
        root(), suite="bookworm", variant="minbase", include=["systemd-sysv", "udev"]
    )


@step
def packages() -> None:
    """The kernel's initramfs asks for the disk, which is not there."""
    create_file(system(), "/etc/initramfs-tools/conf.d/dep", "MODULES=dep\n")
    apt(
        system(),
        "linux-image-amd64",
        "grub-pc",
        "grub-efi-amd64-bin",
        "efibootmgr",
        recommends=False,
    )


@step
def packages_for_later() -> None:
    """Versions are those of the day; a cloud kernel counts as newer than its plain sister.

    It has no drivers, and is not compressed: the system that installs it is translated.
    """
    chroot(
        system(),
        """
        mkdir /root/debs
        cd /root/debs
        kernel=$(apt-cache depends --important linux-image-cloud-amd64 |
            sed -n 's/.*Depends: \\(linux-image-[0-9][^ ]*\\)$/\\1/p')
        apt-get -q -oAPT::Sandbox::User=root download "$kernel" grub-pc grub-efi-amd64
        dpkg-deb --raw-extract linux-image-*.deb smaller
        rm -r smaller/lib/modules/*/kernel/drivers smaller/lib/modules/*/kernel/net
        dpkg-deb -Znone --build smaller linux-image-*.deb
        rm -r smaller
        """,
    )


@step
def login() -> None:
    chroot(system(), "passwd --delete root")


@step
def own_boot_loader() -> None:
    """GRUB's own programs work as in a system, and before the boot loader of the recipe."""
    chroot(
        system(),
        """
        update-grub
        grub-install --target=i386-pc /dev/sda
        grub-install --efi-directory=/boot/efi --bootloader-id=own --no-nvram
        test -s /boot/efi/EFI/own/grubx64.efi
        rm -r /boot/efi/EFI/own /etc/initramfs-tools/conf.d/dep
        """,
    )


@step
def boot_loader() -> None:
    fstab(system())
    grub_bios(system(), console="serial", timeout=2, parameters=("net.ifnames=0",))
    grub_uefi(system(), efi(), console="serial", timeout=2, parameters=("net.ifnames=0",))


@step
def boot_loader_again() -> None:
    """GRUB's own programs write what the boot loader of the recipe has written."""
    chroot(
        system(),
        """
        find /boot/grub /boot/efi -type f -exec sha256sum {} + >/run/sums
        uuid=$(sed -n 's/^UUID=\\([^ ]*\\) \\/ .*/\\1/p' /etc/fstab)
        test "$(findmnt -n -o SOURCE /)" = "UUID=$uuid"
        test "$(grub-probe --target=fs_uuid /)" = "$uuid"
        grep -q "root=UUID=$uuid" /boot/grub/grub.cfg
        update-grub
        grub-install /dev/vda
        grub-install --force-extra-removable
        sha256sum --quiet --check /run/sums
        test "$(/sbin/blkid -s UUID -o value "$(/usr/bin/findmnt -n -o SOURCE /)")" = "$uuid"
        test "$(lsblk -n -o UUID "$(df --output=source / | tail -n 1)")" = "$uuid"
        /usr/sbin/grub-mkconfig --output=/boot/grub/grub.cfg
        /usr/sbin/grub-install /dev/vda
        sha256sum --quiet --check /run/sums
        """,
    )
    host_shell(system(), 'chroot "$ROOT" update-grub', inputs=())


@step
def with_own_path() -> None:
    """Programs are found that have stand-ins in their places, and they come back."""
    chroot(
        system(),
        """
        cp /boot/grub/grub.cfg /run/grub.cfg
        PATH=/usr/sbin:/usr/bin:/sbin:/bin
        cp "$(command -v grub-install)" /root/copy
        update-grub
        grub-install --force-extra-removable
        cmp /boot/grub/grub.cfg /run/grub.cfg
        """,
    )
    chroot(
        system(),
        """
        test -z "$(dpkg --verify grub-common grub2-common util-linux coreutils mount)"
        cmp /root/copy /usr/sbin/grub-instal[l]
        rm /root/copy
        """,
    )
