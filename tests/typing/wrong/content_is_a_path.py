# header: system

from pathlib import Path


@step
def motd() -> None:
    create_file(system(), "/etc/motd", Path("files/motd"))  # M: incompatible type "Path"; expected "str | Secret"  # e: create_file() takes str | Secret as content, not PosixPath
