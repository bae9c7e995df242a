# header: system


@step
def motd() -> None:
    create_file(system(), "/etc/motd", b"Hello\n")  # M: Argument 3 to "create_file" has incompatible type "bytes"; expected "str | Secret"  # e: create_file() takes str | Secret as content, not bytes
