# header: table

recommends = flag(default=True, help="Install recommended packages.")
no_recommends = option("", help="Packages without them.")  # E: --no-recommends already turns off the flag recommends


@step
def root() -> Mounted[Ext4]:
    require(recommends() or no_recommends() == "", "one of both")
    return mount(mkext4(mkpart(table())))
