# header: system

from pathlib import Path


@step
def motd() -> None:
    create_file(system(), "/etc/motd", Path("files/motd"))  # M: incompatible type "Path"; expected "str | Secret"
