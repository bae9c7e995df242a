# header: system


@step
def files() -> None:
    copy_file(system(), "files/mtod", "/etc/motd")  # E: there is no file files/mtod


@step
def beside_a_link_to_nothing() -> None:
    copy_file(system(), "files/linc.txt", "/etc/link")  # E: there is no file files/linc.txt


@step
def link() -> None:
    copy_file(system(), "files/link.txt", "/etc/link")  # E: files/link.txt is a symlink to a missing file
