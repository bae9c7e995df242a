# header: system

import sys


@step
def name() -> None:
    set_hostname(system(), sys.argv[1])  # E: the recipe reads the command line


@step
def debug() -> None:
    if "--debug" in list(sys.argv):  # E: the recipe reads the command line
        apt(system(), "strace")
