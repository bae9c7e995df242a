# header: system

name = option("debian", help="Name of the machine.")
serial = flag(default=True, help="Use the serial port.")
screen = flag(default=True, help="Use the screen.")
both = serial & screen


@step
def is_there() -> Fact:
    return path_exists(system(), "/etc/motd")


@step
def an_option() -> None:
    create_file(system(), "/etc/hostname", f"{name}\n")  # E: the option name cannot become text


@step
def a_flag() -> None:
    chroot(system(), "echo %s" % serial)  # E: the flag serial cannot become text


@step
def a_condition() -> None:
    chroot(system(), "echo {}".format(both))  # E: a condition cannot become text


@step
def a_step() -> None:
    chroot(system(), "echo " + str(root))  # E: the step root cannot become text


@step
def a_fact() -> None:
    chroot(system(), f"echo {is_there()!s}")  # E: a Fact cannot become text


@step
def a_system() -> None:
    chroot(system(), f"echo {system():>20}")  # E: a handle (RootFs) cannot become text


@step
def a_mount() -> None:
    create_file(system(), "/etc/place", " ".join(map(str, [root()])))  # E: a handle (Mounted) cannot become text


@step
def an_error() -> None:
    raise ValueError(f"not {root().filesystem}")  # E: a handle (Ext4) cannot become text


@step
def an_option_by_its_repr() -> None:
    create_file(system(), "/etc/hostname", f"{name!r}\n")  # E: the option name cannot become text


def name_of_the_team() -> str:
    return "blue"


@step
def a_function() -> None:
    create_file(system(), "/etc/team", f"{name_of_the_team}\n")  # E: the function name_of_the_team cannot become text
