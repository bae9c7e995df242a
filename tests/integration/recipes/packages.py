"""Packages in every way, from an archive of the tests', in a system that has no other."""

from pathlib import Path

from vmdsl import (
    Ext4,
    GiB,
    Mounted,
    RootFs,
    Source,
    apt,
    apt_remove,
    apt_source,
    create_file,
    mkext4,
    mkimg,
    mkmsdos,
    mkpart,
    mount,
    option,
    preseed,
    step,
    system_from,
)

tarball = option(Path(__file__), help="A minimal system.")
files = option(Path(__file__).parent, help="The folder with keyrings and a local package.")
address = option("http://acme.test", help="Where the archive is.")


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkmsdos(mkimg(GiB(1))))))


@step
def system() -> RootFs:
    return system_from(root(), tarball(), suite="bookworm")


@step
def sources() -> None:
    create_file(system(), "/etc/apt/sources.list", "")
    key, other = files() / "acme.asc", files() / "other.gpg"
    apt_source(system(), Source(name="acme", uris=[address()], suites=["stable"], keyring=key))
    apt_source(
        system(),
        Source(
            name="snapshot",
            uris=[address()],
            suites=["snapshot"],
            keyring=other,
            check_valid_until=False,
        ),
    )
    apt_source(system(), Source(name="folder", uris=[address()], suites=["folder/"], trusted=True))


@step
def first() -> None:
    preseed(system(), "quiz quiz/answer string forty two")
    apt(system(), "quiz", "versions=1.0", "from-snapshot", "from-folder", "tool")
    apt(system(), debs=[files() / "local.deb"])
    apt(system(), "suggested", recommends=False)


@step
def kernels() -> None:
    apt(system(), "initramfs", "kernel", "old-kernel")


@step
def more() -> None:
    backports = Source(
        name="backports",
        uris=[address()],
        suites=["stable-backports"],
        keyring=files() / "acme.asc",
    )
    apt_source(system(), backports)
    foreign = Source(
        name="foreign",
        uris=[address()],
        suites=["foreign"],
        architectures=["i386"],
        keyring=files() / "acme.asc",
    )
    apt_source(system(), foreign)
    apt(system(), "foreign:i386")
    apt(system(), "picked", "kernel", suite="stable-backports")


@step
def fewer() -> None:
    apt_remove(system(), "tool", purge=True, autoremove=True)
    apt_remove(system(), "old-kernel")


@step
def dracut() -> None:
    """Something else makes the initramfs of the kernel that is there, and of one that comes."""
    apt_remove(system(), "initramfs")
    apt(system(), "dracut")
    apt(system(), "new-kernel")
