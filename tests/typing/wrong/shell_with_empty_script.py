# header: system


@step
def setup() -> None:
    chroot(system(), "")  # E: an empty shell script
