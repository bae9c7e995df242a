from vmdsl import F2fs, Disk, GiB, Gpt, MiB, mkf2fs, mkgpt, mkimg, mkpart, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def data() -> F2fs:
    return mkf2fs(mkpart(table(), size=MiB(48)))  # E: f2fs takes 52 MiB at least
