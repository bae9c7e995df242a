# header: imports

size = option(GiB(4), help="Size of the image.")
more = option(GiB(2), help="Size of the root.")


@step
def root() -> Mounted[Ext4]:
    small, large = sorted([size, more])  # M: sorted() is given an option that  # e: '<' not supported
    return mount(mkext4(mkpart(mkgpt(mkimg(large)), size=small)))
