# header: system

keep = flag(default=False, help="Keep the users.")


@step
def setup() -> None:
    chroot(system(), "useradd -m user", unless=keep)  # M: Argument "unless" to "chroot" has incompatible type "Flag"; expected "Fact  # e: chroot() takes Fact | None as unless, not Flag
