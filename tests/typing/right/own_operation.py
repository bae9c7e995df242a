"""A third party's operations, defined in the recipe itself."""

from dataclasses import dataclass
from pathlib import Path

from vmdsl import (
    Disk,
    Ext4,
    Fact,
    GiB,
    Gpt,
    Image,
    ImageOperation,
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


@dataclass(frozen=True, kw_only=True)
class AuthorizedKey(TreeOperation):
    """A public key that may log in as a user."""

    user: str
    key: Path

    def local_files(self) -> tuple[Path, ...]:
        return (self.key,)

    def apply(self, tree: Tree) -> None:
        text = (tree.recipe_directory / self.key).read_text(encoding="utf-8")
        tree.write(f"/home/{self.user}/.ssh/authorized_keys", text, mode=0o600)


@dataclass(frozen=True, kw_only=True)
class Blob(ImageOperation):
    """Bytes at an offset, such as a board's boot loader."""

    programs = ("sh",)
    offset: int
    content: bytes

    def apply(self, image: Image) -> None:
        image.write_at(self.offset, self.content)


def authorize(root: RootFs, user: str, key: str, *, unless: Fact | None = None) -> None:
    """Let whoever has the key log in as `user`."""
    record(AuthorizedKey(root=root, user=user, key=Path(key), unless=unless))


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
def key() -> None:
    authorize(system(), "admin", "own_operation.py")


@step
def boot_loader() -> None:
    record(Blob(offset=8192, content=b"\0" * 512))
