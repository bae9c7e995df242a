# header: root


def srv() -> Mounted[Ext4]:  # E: each call of the function srv makes another Mounted
    return mount(mkext4(mkpart(table(), size=MiB(100))), "/srv", on=root())


@step
def one() -> None:
    create_file(srv(), "/one", "1\n")


@step
def two() -> None:
    create_file(srv(), "/two", "2\n")
