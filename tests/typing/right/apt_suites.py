"""Suites that a source of the recipe has, by any way; and those that may come from elsewhere."""

from vmdsl import (
    Ext4,
    GiB,
    Mounted,
    RootFs,
    Source,
    apt,
    apt_source,
    chroot,
    debootstrap,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mount,
    step,
)


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkgpt(mkimg(GiB(2))))))


@step
def system() -> RootFs:
    security = Source(name="sec", uris=["http://mirror.example/debian"], suites=["sid"])
    return debootstrap(root(), suite="trixie", sources=[security])


@step
def known() -> None:
    apt(system(), "curl/trixie-updates", "git/stable", "bash/sid")


@step
def backports() -> None:
    uris = ["http://mirror.example/debian"]
    apt_source(system(), Source(name="more", uris=uris, suites=["trixie-backports"]))
    apt(system(), "curl", suite="trixie-backports")


@step
def others() -> None:
    chroot(system(), "/root/add-sources")
    apt(system(), "curl", suite="forky")
