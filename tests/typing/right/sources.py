"""Sources at the top level, in tuples and lists, with paths and with suites that are options."""

from pathlib import Path

from vmdsl import (
    Ext4,
    GiB,
    Mounted,
    RootFs,
    Source,
    Suite,
    apt,
    apt_remove,
    apt_source,
    debootstrap,
    mkext4,
    mkimg,
    mkmsdos,
    mkpart,
    mount,
    option,
    preseed,
    step,
)

suite = option(Suite("trixie"), help="Release of Debian.")
extra = option(Suite("trixie-backports"), help="Where newer packages come from.")
keyring = option(Path("/usr/share/keyrings/debian-archive-keyring.gpg"), help="The keys.")

ACME = Source(name="acme", uris=("https://acme.example/apt",), suites=["stable"], trusted=True)


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkmsdos(mkimg(GiB(4))))))


@step
def system() -> RootFs:
    return debootstrap(
        root(), suite=suite(), keyring=keyring(), sources=(ACME,), tls_ca_certs=(), format="deb822"
    )


@step
def packages() -> None:
    apt_source(
        system(),
        Source(
            name="more",
            uris=["http://mirror.example/debian"],
            suites=[str(extra()), f"{suite()}-proposed-updates"],
            types=("deb", "deb-src"),
            keyring=keyring(),
        ),
    )
    preseed(system(), "tzdata tzdata/Areas select Europe")
    apt(system(), "tzdata", "libc6:i386", suite=extra())
    apt_remove(system(), "nano", purge=True)
