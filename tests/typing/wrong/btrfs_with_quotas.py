# header: table


@step
def data() -> Mounted[Btrfs]:
    return mount(mkbtrfs(mkpart(table()), options=("-R", "quota")))  # E: a Btrfs with quota, which vmdsl does not write
