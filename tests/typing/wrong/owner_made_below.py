# header: system


@step
def key() -> None:
    create_directory(system(), "/srv/www", uid="deploy")  # E: warning: the user deploy is made below
    create_file(system(), "/srv/www/index.html", "Hello\n", uid="deploy")


@step
def deploy() -> None:
    add_user(system(), "deploy")
    create_file(system(), "/srv/www/more.html", "Hello\n", uid="deploy")
