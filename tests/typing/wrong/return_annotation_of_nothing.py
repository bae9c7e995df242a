# header: table


@step
def root() -> None:
    return mount(mkext4(mkpart(table())))  # M: No return value expected
