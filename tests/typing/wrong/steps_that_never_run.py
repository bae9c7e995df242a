# header: system

from collections.abc import Iterator


@step  # E: the step packages is async, so it never runs
async def packages() -> None:
    apt(system(), "nano")


@step  # E: the step files is a generator, so it never runs
def files() -> Iterator[None]:
    create_file(system(), "/etc/motd", "")
    yield


if __name__ == "__main__":  # E: a recipe is never __main__

    @step
    def more() -> None:
        apt(system(), "less")
