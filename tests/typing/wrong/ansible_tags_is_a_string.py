# header: system


@step
def files() -> None:
    apt(system(), "python3")
    ansible(system(), "empty.py", tags="web")  # E: tags='web' is one text
