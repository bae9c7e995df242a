# header: system


@step
def newer() -> None:
    apt_upgrade(system(), "nano")  # M: Too many positional arguments for "apt_upgrade"  # e: takes 1 positional argument
    fstab(system())
