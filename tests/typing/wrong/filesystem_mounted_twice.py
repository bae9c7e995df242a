# header: root


@step
def srv() -> None:
    data = mkext4(mkpart(table(), size=MiB(512)))
    mount(data, "/srv", on=root())
    mount(data, "/data", on=root())  # E: srv is at /srv already
