# header: imports

size = option(GiB(4), help="Size of the image.")
more = option(GiB(2), help="Size of the root.")


@step
def root() -> Mounted[Ext4]:
    small = min(size, more)  # M: min() is given an option that is not called  # e: not supported
    return mount(mkext4(mkpart(mkgpt(mkimg(GiB(9))), size=small)))
