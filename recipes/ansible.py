"""A web server that an Ansible playbook sets up, on a 64-bit machine with UEFI firmware."""

from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    MiB,
    Mounted,
    RootFs,
    Suite,
    Vfat,
    ansible,
    apt,
    chroot,
    create_file,
    debootstrap,
    flag,
    fstab,
    grub_uefi,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mkvfat,
    mount,
    option,
    step,
    step_if,
)

size = option(GiB(4), help="Size of the image.")
suite = option(Suite("trixie"), help="Release of Debian.")
title = option("Hello from Ansible", help="Title of the web page.")
console_login = flag(default=False, help="Let root log in on the console without a password.")


@step
def disk() -> Disk:
    return mkimg(size())


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(256), type="esp"))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def efi() -> Mounted[Vfat]:
    return mount(esp(), "/boot/efi", on=root())


@step
def system() -> RootFs:
    return debootstrap(root(), suite=suite())


@step
def packages() -> None:
    apt(system(), "linux-image-amd64", "grub-efi-amd64", "python3", "python3-apt")


@step
def hostname() -> None:
    create_file(system(), "/etc/hostname", "web\n")


@step
def web_server() -> None:
    ansible(system(), "ansible/playbook.yml", extra_vars={"title": title()})


@step_if(console_login)
def root_without_password() -> None:
    chroot(system(), "passwd --delete root")


@step
def mounts() -> None:
    fstab(system())


@step
def boot_loader() -> None:
    grub_uefi(system(), efi(), console="serial")
