# header: system


@step
def files() -> None:
    apt(system(), "curl", "linux-image-amd64", "systemd-sysv")
    ansible(system(), "files/play.yml")  # E: no step above installs python3
