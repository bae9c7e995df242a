"""A system that is made hostile by a script, and then worked on."""

from pathlib import Path

from vmdsl import (
    Ext4,
    GiB,
    KiB,
    Mounted,
    RootFs,
    cache_rootfs,
    chroot,
    copy_tree,
    create_file,
    fstab,
    mkext4,
    mkimg,
    mkmsdos,
    mkpart,
    mount,
    option,
    step,
    system_file,
    system_from,
    write_at,
)
from vmdsl.language.handles import partitions_below

tarball = option(Path(__file__), help="The system.")
script = option("true", help="What makes it hostile.")
keep = option(Path("kept.tar"), help="The tarball that is written.")


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkmsdos(mkimg(GiB(1))), size=GiB(0.5))))


@step
def srv() -> Mounted[Ext4]:
    return mount(
        mkext4(mkpart(partitions_below(root().filesystem.device)[0].table)), "/srv", on=root()
    )


@step
def system() -> RootFs:
    return system_from(root(), tarball(), suite="bookworm")


@step
def hostile() -> None:
    chroot(system(), script())


@step
def after() -> None:
    chroot(system(), "echo resolver; ! [ -f /etc/resolv.conf ] || cat /etc/resolv.conf; : > /ran")
    create_file(system(), "/etc/written", "written\n", uid="daemon", gid="adm")
    copy_tree(system(), "source", "/var/tmp/copied")
    create_file(srv(), "/written", "written\n")
    fstab(system())
    cache_rootfs(system(), keep())


@step
def image() -> None:
    write_at(
        partitions_below(root().filesystem.device)[0].table.disk,
        system_file(system(), "/boot/loader"),
        offset=KiB(64),
    )
