"""An image as large as its content, which is odd, with swap behind it; and a table of mounts."""

from vmdsl import (
    Arch,
    Ext4,
    Gpt,
    MiB,
    Mounted,
    RootFs,
    Suite,
    Swap,
    fstab,
    host_shell,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mkswap,
    mount,
    option,
    step,
)

free = option(MiB(100), help="How much is free.")
files = option(500, help="How many small files.")


@step
def table() -> Gpt:
    return mkgpt(mkimg(free=free()))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), label="root"), label="root"), options=("noatime",))


@step
def swap() -> Swap:
    return mkswap(mkpart(table(), size=MiB(5), type="swap", label="pages"))


@step
def content() -> None:
    host_shell(
        root(),
        f"""
        cd "$ROOT"; yes 0123456789 | head -c 30M >large; ln large again
        head -c 40M /dev/zero >zeros; truncate -s 3G hole; echo end >>hole
        mkdir many; cd many; for i in $(seq {files()}); do echo $i >"a file with a name $i"; done
        """,
    )
    system = RootFs(mounted=root(), suite=Suite("bookworm"), arch=Arch.AMD64)
    fstab(system, by="partlabel", extra=["tmpfs /tmp tmpfs size=1G 0 0"])
