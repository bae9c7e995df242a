from vmdsl import Ext4, GiB, Mounted, mkext4, mkgpt, mkimg, mkpart, mount, step
from vmdsl_stdlib import remove_resolver


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkgpt(mkimg(GiB(4))))))


@step
def tidy_up() -> None:
    remove_resolver(root())  # M: "remove_resolver" has incompatible type "Mounted[Ext4]"; expected "RootFs"
