# header: system


@step
def packages() -> None:
    apt_remove(system(), purge=True)  # E: apt_remove without a package
