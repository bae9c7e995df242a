# header: system


@step
def files() -> None:
    apt(system(), "python3")
    ansible(system(), "empty.py", files="../right")  # E: files='../right' is one path
