# header: system


@step
def web() -> None:
    apt(system(), "nginx>=1.22")  # E: 'nginx>=1.22' is not the name of a package
