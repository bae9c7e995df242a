# header: system


@step
def motd() -> None:
    create_file(system(), "/etc/motd", "Hello\n", mode="0644")  # M: Argument "mode" to "create_file" has incompatible type "str"; expected  # e: create_file() takes int | None as mode, not str
