"""Functions of the library, and a method of another name."""

from vmdsl import Ext4, GiB, Mounted, RootFs, Secret, debootstrap, fstab, mkext4, mkimg, mkmsdos
from vmdsl import add_user, mkpart, mount, step  # M: Module "vmdsl" has no attribute "add_user"  # e: ImportError


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkmsdos(mkimg(GiB(4))))))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step
def users() -> None:
    fstab(system())
    add_user(system(), "ann", password=Secret.from_env("ANN"))  # M: "type[Secret]" has no attribute "from_env"


@step
def root_user() -> None:
    add_user(system(), "bea", password=Secret("bea"))  # M: Argument 1 to "Secret" has incompatible type
