from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    Mounted,
    RootFs,
    Source,
    apt_source,
    debootstrap,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mount,
    step,
)


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step
def packages() -> None:
    acme = Source(name="acme", uris=["http://a.example"], suites=["x"], keyring="files/acme.kbx")
    apt_source(system(), acme)  # E: apt cannot read the keyring files/acme.kbx: it is a keybox
