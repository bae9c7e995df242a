"""A small system of another architecture, whose programs say what they see."""

from vmdsl import (
    Arch,
    Ext4,
    MiB,
    Mounted,
    RootFs,
    chroot,
    debootstrap,
    fstab,
    host_shell,
    mkext4,
    mkimg,
    mkmsdos,
    mkpart,
    mount,
    option,
    step,
)

arch = option(Arch.ARM64, help="Architecture of the system.")
mirror = option("", help="Mirror for the packages; Debian's own servers if it isn't given.")

#: setuid programs keep their owner's id, and a program its first word.
SEEN = """\
uname -m >/seen
bash -c 'echo "$0"' by-another-name >>/seen
cp /usr/bin/id /usr/bin/id-of-root
chmod u+s /usr/bin/id-of-root
setpriv --reuid=65534 --clear-groups id-of-root -u >>/seen
ls -A /proc/sys/fs/binfmt_misc >>/seen
"""


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkmsdos(mkimg(MiB(800))))))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", arch=arch(), variant="minbase", mirror=mirror())


@step
def seen() -> None:
    chroot(system(), SEEN)
    host_shell(system(), '"$ROOT"/usr/bin/uname -m >>"$ROOT"/seen')


@step
def mounts() -> None:
    fstab(system())
