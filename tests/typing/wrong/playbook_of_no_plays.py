# header: system


@step
def python() -> None:
    apt(system(), "python3")


@step
def play() -> None:
    ansible(system(), "files/tab.yml")  # E: tab.yml is not YAML: line 4
    ansible(system(), "files/one_play.yml")  # E: one_play.yml is not a list of plays
    ansible(system(), "files/tasks.yml")  # E: tasks.yml: the play in line 1 has no hosts
    ansible(system(), "files/comment.yml")  # E: comment.yml is not a list of plays
    ansible(system(), "files/servers.yml")  # E: servers.yml has no play for the group image: its hosts are webservers
    ansible(system(), "files/servers.yml", group="webservers")
