# header: system


@step
def files() -> None:
    apt(system(), "python3")
    ansible(system(), "files/play.yml", tags=("web,db",))  # E: 'web,db', which is not a tag
