# header: system

name = option("web", help="The machine's name.")


@step
def hostname() -> None:
    create_file(system(), "/etc/hostname", "{name()}\n")  # E: warning: {name()} stays as it is in a text without an f before it
    create_file(system(), "/etc/motd", f"{name()}, ${{name()}} and {{{{ name() }}}}\n")
    create_file(system(), "/etc/issue", "${name()} and {{ name() }}\n")
