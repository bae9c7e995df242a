# header: table


@step
def first() -> Partition:
    return mkpart(table(), end=Percent(200))  # E: 200% is not between 0% and 100%


@step
def second() -> Partition:
    return mkpart(table(), end=position("200%"))  # E: 200% is not between 0% and 100%
