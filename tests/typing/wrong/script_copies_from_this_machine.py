# header: system


@step
def unit() -> None:
    script = "cp files/unit.service /etc/systemd/system/"
    chroot(system(), script)  # E: warning: the script runs in the system, which does not have files
