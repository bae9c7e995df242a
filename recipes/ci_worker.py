"""A worker for continuous integration: it runs an SSH server, and grows at its first boot.

Without `--ssh-key`, nobody can log in.
"""

from vmdsl import (
    Arch,
    Ext4,
    GiB,
    MiB,
    Mounted,
    Msdos,
    Partition,
    RootFs,
    Suite,
    Vfat,
    flag,
    fstab,
    grow_root,
    grub_bios,
    grub_ieee1275,
    grub_uefi,
    mkext4,
    mkimg,
    mkmsdos,
    mkpart,
    mkvfat,
    mount,
    option,
    step,
    step_if,
)
from vmdsl_stdlib import (
    add_ssh_server,
    add_user,
    debian,
    open_root_console,
    set_hostname,
    tidy,
    use_dhcp,
)

# Options are flags on the command line: --suite bookworm --free 4G --compilers.
suite = option(Suite("trixie"), help="Release of Debian.")
arch = option(Arch.AMD64, help="Architecture; i386 has no kernel after bookworm.")
mirror = option("", help="Mirror for the packages; Debian's own servers if it isn't given.")
free = option(GiB(1), help="Free space in the image besides its content.")
ssh_key = option("", help="Public SSH key of the user worker.")
compilers = flag(default=False, help="Install build-essential, devscripts and git.")
console_login = flag(default=False, help="Let root log in on the console without a password.")

# The firmware of each architecture: these have UEFI, POWER has Open Firmware, a PC has a BIOS.
UEFI = (Arch.ARM64, Arch.ARMHF, Arch.RISCV64)
POWER = (Arch.PPC64EL,)


# The steps run from top to bottom. Each calls the steps above it to get what they have returned;
# the types say what fits where, and mypy checks it. The image is as large as its content, with
# room as --free says.
@step
def table() -> Msdos:
    return mkmsdos(mkimg(free=free()))


# UEFI and Open Firmware start GRUB from a partition of its own.
@step
def esp() -> Vfat | None:
    return mkvfat(mkpart(table(), size=MiB(64), type="esp")) if arch() in UEFI else None


@step
def prep() -> Partition | None:
    if arch() in POWER:
        return mkpart(table(), size=MiB(8), type="prep", flags=("boot",))
    return None


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), flags=() if prep() else ("boot",))))


@step
def efi() -> Mounted[Vfat] | None:
    place = esp()
    return mount(place, "/boot/efi", on=root()) if place else None


# Debian, with a kernel and these packages. Add those that your machine needs.
@step
def system() -> RootFs:
    grub = "grub-efi" if arch() in UEFI else "grub-ieee1275" if arch() in POWER else "grub-pc"
    more = ("build-essential", "devscripts", "git") if compilers() else ()
    return debian(root(), grub, *more, suite=suite(), arch=arch(), mirror=mirror())


# Public keys of SSH may be in a recipe; passwords may not: they are Secret.
@step
def worker() -> None:
    set_hostname(system(), "ci-worker")
    use_dhcp(system())
    add_ssh_server(system())
    add_user(system(), "worker", ssh_keys=ssh_key(), sudo=True)


@step_if(console_login)
def console() -> None:
    open_root_console(system())


# The root filesystem grows at the first boot. tidy() removes logs and caches, so it comes after
# all steps that install something.
@step
def boot() -> None:
    fstab(system())
    grow_root(system())
    tidy(system())


# The menu and the kernel's messages go to the serial port.
@step
def boot_loader() -> None:
    on_uefi, on_power = efi(), prep()
    if on_uefi:
        grub_uefi(system(), on_uefi, console="serial")
    elif on_power:
        grub_ieee1275(system(), on_power, console="serial")
    else:
        grub_bios(system(), console="serial")
