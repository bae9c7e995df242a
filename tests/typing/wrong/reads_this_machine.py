# header: system

import getpass
import os
import platform
import pwd
import socket


@step
def name() -> None:
    set_hostname(system(), socket.gethostname())  # E: the recipe reads properties of this machine


@step
def jobs() -> None:
    create_file(system(), "/etc/jobs", f"{os.cpu_count()}\n")  # E: the recipe reads properties of this machine


@step
def kernel() -> None:
    create_file(system(), "/etc/kernel", platform.release())  # E: the recipe reads properties of this machine


@step
def user() -> None:
    add_user(system(), getpass.getuser())  # E: the recipe reads the environment


@step
def key() -> None:
    copy_file(system(), os.path.expandvars("$HOME/key.pub"), "/key")  # E: the recipe reads the environment


@step
def login() -> None:
    create_file(system(), "/etc/login", pwd.getpwuid(1000).pw_name)  # E: the recipe reads properties of this machine
