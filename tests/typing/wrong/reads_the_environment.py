# header: system

import os

USER = os.environ["HOME"]  # E: the recipe reads the environment


@step
def name() -> None:
    set_hostname(system(), os.getenv("NAME", "debian"))  # E: the recipe reads the environment


@step
def ci() -> None:
    if "CI" in os.environ:  # E: the recipe reads the environment
        apt(system(), "git")


@step
def token() -> None:
    create_file(system(), "/token", os.environ["TOKEN_THAT_IS_MISSING"])  # E: the recipe reads the environment
