# header: root


@step
def chroots() -> None:
    srv = mount(mkext4(mkpart(table(), size=GiB(1))), "/srv", on=root())
    debootstrap(srv, suite="trixie")  # E: a system at /srv
