# header: mbr


@step
def parts() -> None:
    for _ in range(5):
        mkext4(mkpart(table(), size=MiB(256)))  # E: partition 5 on the MBR table
