# header: system


@step
def files() -> None:
    apt(system(), "python3")
    ansible(root(), "files/play.yml")  # M: expected "RootFs"  # e: ansible() takes RootFs as root, not Mounted[
