"""A worker for continuous integration: boots on a BIOS, runs an SSH server, and grows.

Without `--ssh-key`, nobody can log in.
"""

from vmdsl import (
    Arch,
    Ext4,
    GiB,
    Mounted,
    RootFs,
    Suite,
    flag,
    fstab,
    grow_root,
    grub_bios,
    mkext4,
    mkimg,
    mkmsdos,
    mkpart,
    mount,
    option,
    require,
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


# The steps run from top to bottom. Each calls the steps above it to get what they have returned;
# the types say what fits where, and mypy checks it.
@step
def architecture() -> None:
    require(arch() in {Arch.AMD64, Arch.I386}, "the worker is for amd64 and i386")


# The image is as large as its content, with room as --free says.
@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkmsdos(mkimg(free=free())), flags=("boot",))))


# Debian, with a kernel and these packages. Add those that your machine needs.
@step
def system() -> RootFs:
    more = ("build-essential", "devscripts", "git") if compilers() else ()
    return debian(root(), "grub-pc", *more, suite=suite(), arch=arch(), mirror=mirror())


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
    grub_bios(system(), console="serial")
