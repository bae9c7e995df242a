"""A playbook that is played in a minimal system, and that may fail."""

from pathlib import Path

from vmdsl import (
    Ext4,
    GiB,
    Mounted,
    RootFs,
    Secret,
    ansible,
    apt,
    create_file,
    flag,
    mkext4,
    mkimg,
    mkmsdos,
    mkpart,
    mount,
    option,
    step,
    system_from,
)

tarball = option(Path(__file__), help="The system.")
broken = flag(default=False, help="Play the task that fails.")


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkmsdos(mkimg(GiB(1))))))


@step
def system() -> RootFs:
    return system_from(root(), tarball(), suite="bookworm")


@step
def packages() -> None:
    apt(system(), "python3", "systemd-sysv", recommends=False)
    create_file(system(), "/etc/hostname", "played\n")


@step
def play() -> None:
    ansible(
        system(),
        "play/site.yml",
        group="servers",
        tags=("broken",) if broken() else (),
        skip_tags=("skipped",),
        extra_vars={"greeting": ["Grüße"], "token": Secret.from_file("token")},
        config="ansible.cfg",
        files=("shared",),
    )
