"""A cloud image: boots with BIOS and UEFI, grows, and is configured by cloud-init.

Nobody can log in until the cloud, or a disk with the label CIDATA, gives a key for the user debian.
"""

from vmdsl import (
    Ext4,
    GiB,
    Gpt,
    MiB,
    Mounted,
    Partition,
    RootFs,
    Suite,
    Vfat,
    flag,
    fstab,
    grub_bios,
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
from vmdsl_stdlib import add_cloud_init, debian, open_root_console, set_hostname, tidy

# Options are flags on the command line: --size 8G --suite bookworm --console-login.
suite = option(Suite("trixie"), help="Release of Debian.")
size = option(GiB(3), help="Size of the image; the machine's disk may be larger.")
console_login = flag(default=False, help="Let root log in on the console without a password.")


# The steps run from top to bottom. Each calls the steps above it to get what they have returned;
# the types say what fits where, and mypy checks it.
@step
def table() -> Gpt:
    return mkgpt(mkimg(size()))


# GRUB for BIOS has its code in a partition of its own, as a GPT leaves no other room for it.
@step
def bios_boot() -> Partition:
    return mkpart(table(), size=MiB(1), type="bios-boot")


# The EFI system partition: from it the firmware starts the boot loader.
@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(64), type="esp"))


# A partition without a size takes the room that is left.
# It grows at the first boot if the machine's disk is larger.
@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


# Debian, with the kernel for virtual machines and these packages. Add those that you need.
@step
def system() -> RootFs:
    return debian(root(), "grub-pc", "grub-efi-amd64-bin", suite=suite(), kernel="cloud")


# The cloud gives the machine its name, its keys and the rest at the first boot.
@step
def configuration() -> None:
    set_hostname(system(), "cloud")
    add_cloud_init(system())


@step_if(console_login)
def console() -> None:
    open_root_console(system())


# tidy() removes logs and caches, so it comes after all steps that install something.
@step
def boot() -> None:
    fstab(system())
    tidy(system())
    grub_bios(system(), console="serial")
    grub_uefi(system(), mount(esp(), "/boot/efi", on=root()), console="serial")
