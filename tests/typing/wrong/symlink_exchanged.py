# header: system


@step
def zone() -> None:
    target = "../usr/share/zoneinfo/UTC"
    create_symlink(system(), target, "/etc/localtime")  # E: only the target of a symlink can be
