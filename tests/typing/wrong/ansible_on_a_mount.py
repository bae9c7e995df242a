# header: system


@step
def files() -> None:
    apt(system(), "python3")
    ansible(root(), "empty.py")  # M: expected "RootFs"  # e: ansible() takes RootFs as root, not Mounted[
