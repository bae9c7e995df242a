from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    Mounted,
    RootFs,
    Source,
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
    acme = Source(name="acme", uris=["http://acme.example"], suites=["stable"])
    return debootstrap(root(), suite="trixie", sources=[acme, acme])  # E: there are two sources acme
