# header: system


@step
def files() -> None:
    apt(system(), "python3")
    ansible(system(), "files/play.yml", extra_vars={"a-b": 1})  # E: 'a-b', which is not a name for Ansible
