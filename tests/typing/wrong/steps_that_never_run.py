# header: system

from collections.abc import Iterator


@step  # E: the step packages is async, so it never runs
async def packages() -> None:
    apt(system(), "nano")


@step  # E: the step files is a generator, so it never runs
def files() -> Iterator[None]:
    create_file(system(), "/etc/motd", "")
    yield


@step  # e: the step gone is a generator
def gone() -> None:  # M: The return type of a generator function
    yield


@step
def names() -> None:
    map(lambda name: create_file(system(), name, ""), ("/a", "/b"))  # E: nothing asks map() for its values
    (mkpart(table(), size=MiB(number)) for number in (1, 2))  # E: nothing asks a generator for its values


if __name__ == "__main__":  # E: a recipe is never __main__

    @step
    def more() -> None:
        apt(system(), "less")
