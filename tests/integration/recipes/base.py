"""A minimal system as a tarball, which other test recipes start from in seconds."""

from pathlib import Path

from vmdsl import (
    Ext4,
    Fact,
    GiB,
    Mounted,
    RootFs,
    Suite,
    cache_rootfs,
    chroot,
    debootstrap,
    mkext4,
    mkimg,
    mkmsdos,
    mkpart,
    mount,
    option,
    step,
    unpack_rootfs,
)

suite = option(Suite("bookworm"), help="Release of Debian.")
tarball = option(Path("base.tar"), help="Where the tarball is, or will be.")


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkmsdos(mkimg(GiB(1))))))


@step
def unpacked() -> Fact:
    return unpack_rootfs(root(), tarball())


@step
def system() -> RootFs:
    return debootstrap(root(), suite=suite(), variant="minbase", unless=unpacked())


@step
def nasty() -> None:
    chroot(
        system(),
        r"""
        mkdir /srv/nasty
        cd /srv/nasty
        printf 'a name\nof two lines' > "$(printf 'two\nlines')"
        echo hard > hard; ln hard link
        ln -s /etc/passwd absolute; ln -s nowhere dangling
        chown 1234:65534 hard; chmod 4751 hard
        touch -d 1999-12-31T23:59:59Z old; mkdir -m 1777 sticky; mkfifo fifo
        truncate -s 10M sparse
        """,
        unless=unpacked(),
    )


@step
def keep() -> None:
    cache_rootfs(system(), tarball(), unless=unpacked())
