# header: system


@step
def files() -> None:
    apt(system(), "python3")
    ansible(root(), "empty.py")  # M: expected "RootFs"
