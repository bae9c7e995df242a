from vmdsl import Ext4, GiB, Mounted, mkext4, mkgpt, mkimg, mkpart, mount, step
from vmdsl_stdlib import forget_machine_id


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkgpt(mkimg(GiB(4))))))


@step
def tidy_up() -> None:
    forget_machine_id(root())  # M: "forget_machine_id" has incompatible type "Mounted[Ext4]"; expected "RootFs"
