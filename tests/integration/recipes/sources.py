"""A bootstrap through a proxy, from a mirror with a password, and from more sources."""

from pathlib import Path

from vmdsl import (
    Ext4,
    GiB,
    Mounted,
    RootFs,
    Secret,
    Source,
    apt,
    debootstrap,
    mkext4,
    mkimg,
    mkmsdos,
    mkpart,
    mount,
    option,
    step,
)

files = option(Path(__file__).parent, help="The folder with keyrings and the certificate.")
proxy = option("http://127.0.0.1:3128", help="The proxy that knows where the archives are.")


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkmsdos(mkimg(GiB(1))))))


@step
def system() -> RootFs:
    acme = Source(
        name="acme",
        uris=["http://acme.test"],
        suites=["stable"],
        keyring=files() / "acme.asc",
    )
    snapshot = Source(
        name="snapshot",
        uris=["http://acme.test"],
        suites=["snapshot"],
        keyring=files() / "other.gpg",
        check_valid_until=False,
    )
    return debootstrap(
        root(),
        suite="bookworm",
        mirror="https://mirror.test/debian",
        keyring="/usr/share/keyrings/debian-archive-keyring.gpg",
        tls_ca_certs=[files() / "mirror.crt"],
        components=["main", "non-free-firmware"],
        format="deb822",
        variant="minbase",
        include=["agent", "from-snapshot"],
        exclude=["tzdata"],
        sources=[acme, snapshot],
        proxy=proxy(),
        credentials=Secret.from_file(files() / "mirror.password"),
    )


@step
def later() -> None:
    apt(system(), "versions", "nano")
