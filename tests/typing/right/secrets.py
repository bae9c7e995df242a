"""Secrets from everywhere, wherever one may be given; no value is read for a plan."""

from pathlib import Path

from vmdsl import (
    Ext4,
    GiB,
    Mounted,
    RootFs,
    Secret,
    chroot,
    create_file,
    debootstrap,
    host_shell,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mount,
    set_password,
    step,
)
from vmdsl_stdlib import add_user

token = Secret.from_environment("VMDSL_NOBODY_SETS_THIS")


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkgpt(mkimg(GiB(4))))))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step
def key() -> Secret:
    return Secret.from_file(Path(__file__).name)


@step
def used() -> None:
    given = {"TOKEN": token, "key.pem": key()}
    chroot(system(), "cat $SECRETS/TOKEN", secrets=given)
    host_shell(root(), "cat $SECRETS/key.pem", secrets=given)
    create_file(root(), "/key.pem", key(), mode=0o640, gid=1)
    set_password(system(), "root", Secret.from_command("no-such-program"))
    add_user(system(), "ann", password=token, groups=["adm"])
