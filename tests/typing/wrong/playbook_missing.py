# header: system


@step
def files() -> None:
    apt(system(), "python3")
    ansible(system(), "emtpy.py")  # E: there is no file emtpy.py
