"""Debian on a Raspberry Pi: one recipe for all families that Debian has a kernel for.

Without `--ssh-key`, nobody can log in.
"""

from vmdsl import (
    Ext4,
    GiB,
    MiB,
    Mounted,
    Msdos,
    RootFs,
    Suite,
    Vfat,
    flag,
    fstab,
    grow_root,
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
    RaspberryPi,
    add_ssh_server,
    add_user,
    open_root_console,
    raspberry_pi,
    set_hostname,
    tidy,
    use_dhcp,
)

# Options are flags on the command line: --board pi2 --suite bookworm --console-login.
board = option(RaspberryPi.PI_4, help="The family; an image for pi4 is also right for pi3.")
size = option(GiB(4), help="Size of the image; the card may be larger.")
suite = option(Suite("trixie"), help="Release of Debian; pi1 has no kernel after bookworm.")
mirror = option("", help="Mirror for the packages; Debian's own servers if it isn't given.")
ssh_key = option("", help="Public SSH key of the user pi.")
console_login = flag(default=False, help="Let root log in on the console without a password.")


# The steps run from top to bottom. Each calls the steps above it to get what they have returned;
# the types say what fits where, and mypy checks it.
@step
def table() -> Msdos:
    return mkmsdos(mkimg(size()))


# The board reads its firmware, the kernel and their settings from a FAT.
@step
def firmware() -> Vfat:
    return mkvfat(mkpart(table(), start=MiB(4), size=MiB(508), type="fat"), label="RASPIFIRM")


# A partition without a size takes the room that is left; it grows at the first boot if the card is
# larger. The kernel finds it by its label.
@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table()), label="RASPIROOT"))


@step
def firmware_files() -> Mounted[Vfat]:
    return mount(firmware(), "/boot/firmware", on=root())


# Debian, with the kernel and the firmware, and these packages. Add those that you need. The board
# has no clock that goes on without power, so it asks for the time.
@step
def system() -> RootFs:
    more = ("systemd-timesyncd", "wpasupplicant", "iw")
    return raspberry_pi(root(), *more, board=board(), suite=suite(), mirror=mirror())


# Each card makes its own machine-id and its own host keys of SSH at its first boot. Public keys of
# SSH may be in a recipe; passwords may not: they are Secret.
@step
def machine() -> None:
    set_hostname(system(), "raspberrypi")
    use_dhcp(system())
    add_ssh_server(system())
    add_user(system(), "pi", ssh_keys=ssh_key(), sudo=True)


@step_if(console_login)
def console() -> None:
    open_root_console(system())


# tidy() removes logs and caches, so it comes after all steps that install something.
@step
def boot() -> None:
    fstab(system())
    grow_root(system())
    tidy(system())
