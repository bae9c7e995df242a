from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    MiB,
    Mounted,
    Swap,
    create_file,
    flag,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mkswap,
    mount,
    step,
    step_if,
)

swap = flag(default=True, help="Make swap space.")

@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step_if(swap)
def swap_space() -> Swap:
    return mkswap(mkpart(table(), size=MiB(512), type="swap"))


@step
def note() -> None:
    if swap_space:  # M: "if_step.swap_space" has type "Step[Swap | None]" which does not implement  # e: this is always true, whatever its value
        create_file(root(), "/etc/has-swap", "")
