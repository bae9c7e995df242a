# header: system


@step
def installed() -> None:
    apt(system(), "memtest86+", "g++", "nano+")  # E: warning: apt installs 'nano' for 'nano+'
