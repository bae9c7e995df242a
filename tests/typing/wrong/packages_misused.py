# header: system


@step
def letters() -> None:
    apt(system(), *"curl")  # E: these packages are single letters


@step
def essential() -> None:
    apt_remove(system(), "nano", "bash")  # E: apt does not remove bash
