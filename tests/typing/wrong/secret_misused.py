# header: system

password = Secret.from_environment("ROOT_PASSWORD")


@step
def in_a_text() -> None:
    create_file(system(), "/etc/password", f"root:{password}\n")  # E: variable ROOT_PASSWORD cannot become text


@step
def in_a_script() -> None:
    chroot(system(), "echo root:" + str(password) + " | chpasswd")  # E: cannot become text


@step
def as_a_script() -> None:
    chroot(system(), password)  # M: Argument 2 to "chroot" has incompatible type "Secret"; expected "str"  # e: chroot() takes str as script, not Secret


@step
def a_password_in_the_recipe() -> None:
    set_password(system(), "root", "hunter2")  # M: Argument 3 to "set_password" has incompatible type "str"; expected "Secret"  # e: set_password() takes Secret as password, not str


@step
def file_that_is_not_there() -> None:
    set_password(system(), "root", Secret.from_file("root.pasword"))  # E: there is no file root.pasword


@step
def command_in_one_text() -> None:
    set_password(system(), "root", Secret.from_command("pass show root"))  # E: isn't a list of words


@step
def value_for_a_name() -> None:
    set_password(system(), "root", Secret.from_environment("$ROOT"))  # E: '$ROOT' is not the name of a variable


@step
def name_of_a_path() -> None:
    chroot(system(), "cat $SECRETS/a/b", secrets={"a/b": password})  # E: 'a/b' is not the name of a file


@step
def odd_user() -> None:
    set_password(system(), "root:x", password)  # E: 'root:x' is not the name of a user
