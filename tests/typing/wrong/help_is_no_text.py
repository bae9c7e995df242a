# header: system

tools = option("curl", help=None)  # M: Argument "help" to "option" has incompatible type "None"; expected "str"  # e: the help of an option is a text


@step
def packages() -> None:
    apt(system(), tools())
