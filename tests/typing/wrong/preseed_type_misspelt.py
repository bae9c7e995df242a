# header: system


@step
def packages() -> None:
    preseed(system(), "tzdata tzdata/Areas slect Europe")  # E: type='slect' is not known
