# header: system

"""A file with the number that stands for no owner."""


@step
def motd() -> None:
    create_file(system(), "/etc/motd", "Hello\n", uid=2**32 - 1)  # E: uid 4294967295 is not an owner
