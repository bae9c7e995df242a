# header: system
@step
def last() -> None:
    copy_file(system(), "x" * 300, "/x")  # E: this path is too long: 
    copy_tree(system(), "x/" * 2100, "/x")  # E: this path is too long: 


@step
def in_the_system() -> None:
    create_file(system(), "/" + "x" * 256, "x")  # E: is too long: 256 bytes


@step
def deep() -> None:
    create_directory(system(), "/x" * 2100)  # E: is too long: 4200 bytes


@step
def link() -> None:
    create_symlink(system(), "/x", "x" * 4096)  # E: the target of the symlink is too long: 4096 bytes
