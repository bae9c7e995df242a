# header: system


@step
def files() -> None:
    apt(system(), "python3")
    ansible(system(), "files/play.yml", extra_vars={"size": GiB(4)})  # E: cannot be given to Ansible
