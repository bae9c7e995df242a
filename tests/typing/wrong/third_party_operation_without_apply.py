from dataclasses import dataclass

from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    Mounted,
    RootFs,
    TreeOperation,
    debootstrap,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mount,
    record,
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


@dataclass(frozen=True, kw_only=True)
class AuthorizedKey(TreeOperation):
    key: str


@step
def key() -> None:
    record(AuthorizedKey(root=system(), key="ssh-ed25519 AAAA"))  # M: Cannot instantiate abstract class "AuthorizedKey" with abstract attribute  # e: TypeError
