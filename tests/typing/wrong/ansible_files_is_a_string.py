# header: system


@step
def files() -> None:
    apt(system(), "python3")
    ansible(system(), "files/play.yml", files="../right")  # E: files='../right' is one path
