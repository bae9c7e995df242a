# header: imports


@step
def table() -> Gpt:
    return Gpt(mkimg(GiB(4)))  # M: Too many positional arguments for "Gpt"  # e: TypeError


@step
def system() -> None:
    create_file("/etc/motd", "")  # M: Missing positional argument "content" in call to "create_file"  # e: TypeError
