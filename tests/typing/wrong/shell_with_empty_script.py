# header: system


@step
def setup() -> None:
    chroot(system(), "")  # E: a shell script that says nothing
