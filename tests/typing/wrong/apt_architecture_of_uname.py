# header: system


@step
def foreign() -> None:
    apt(system(), "libc6:x86_64")  # E: 'libc6:x86_64' is not the name of a package
