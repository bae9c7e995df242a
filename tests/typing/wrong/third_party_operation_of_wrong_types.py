from dataclasses import dataclass

from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    Mounted,
    RootFs,
    Tree,
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

    def apply(self, tree: Tree) -> None:
        tree.write("/root/.ssh/authorized_keys", self.key)


@step
def key() -> None:
    record(AuthorizedKey(root=system(), key=["ssh-ed25519 AAAA"]))  # M: Argument "key" to "AuthorizedKey" has incompatible type "list[str]";
