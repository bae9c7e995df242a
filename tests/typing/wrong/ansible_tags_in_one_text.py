# header: system


@step
def files() -> None:
    apt(system(), "python3")
    ansible(system(), "empty.py", tags=("web,db",))  # E: 'web,db', which is not a tag
