# header: system

"""A file that belongs to nobody."""


@step
def motd() -> None:
    create_file(system(), "/etc/motd", "Hello\n", uid="")  # E: uid '' is not an owner
