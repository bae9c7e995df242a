"""A disk that POWER's firmware boots as far as GRUB: the system itself is another machine's.

GRUB's tools for amd64 make what is for POWER, from the modules of its own package.
"""

from dataclasses import replace
from pathlib import Path

from vmdsl import (
    Arch,
    Ext4,
    GiB,
    Gpt,
    MiB,
    Mounted,
    Partition,
    RootFs,
    chroot,
    create_file,
    grub_ieee1275,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mount,
    option,
    step,
    system_from,
)

tarball = option(Path("base.tar"), help="A minimal system.")


@step
def table() -> Gpt:
    return mkgpt(mkimg(GiB(1)))


@step
def prep() -> Partition:
    return mkpart(table(), size=MiB(8), type="prep")


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def system() -> RootFs:
    return system_from(root(), tarball(), suite="bookworm")


@step
def grub_of_another_architecture() -> None:
    chroot(
        system(),
        """
        dpkg --add-architecture ppc64el
        grep -m 1 ' bookworm ' /etc/apt/sources.list >/tmp/main.list  # for both of one version
        apt() {
            apt-get -q -y -oDir::Etc::SourceList=/tmp/main.list -oDir::Etc::SourceParts=- "$@"
        }
        apt update
        apt --no-install-recommends install grub2-common
        cd /tmp
        apt -oAPT::Sandbox::User=root download grub-ieee1275-bin:ppc64el
        dpkg -x grub-ieee1275-bin_*.deb /
        dpkg --remove-architecture ppc64el
        """,
    )
    create_file(
        system(),
        "/etc/grub.d/09_hello",
        "#!/bin/sh\n"
        """echo 'echo "grub.cfg of $grub_cpu-$grub_platform, from $root"; sleep 1; halt'\n""",
        mode=0o755,
    )


@step
def boot_loader() -> None:
    power = replace(system(), arch=Arch.PPC64EL)
    grub_ieee1275(power, prep(), console="serial", timeout=0)
