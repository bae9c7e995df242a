# header: imports

uefi = flag(default=False, help="Boot with UEFI.")


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step_if(uefi)
def table() -> Gpt:
    return mkgpt(disk())


@step
def note() -> None:
    require(table().kind == "GPT", "the table is another")  # M: Item "None" of "Gpt | None" has no attribute "kind"  # e: AttributeError
