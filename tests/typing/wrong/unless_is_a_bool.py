# header: system


@step
def setup() -> None:
    chroot(system(), "useradd -m user", unless=True)  # M: Argument "unless" to "chroot" has incompatible type "bool"; expected "Fact  # e: chroot() takes Fact | None as unless, not bool
