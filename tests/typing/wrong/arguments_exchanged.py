# header: system


@step
def large() -> None:
    require("the image is too small", system().suite is not None)  # M: Argument 1 to "require" has incompatible type "str"; expected "bool"


@step
def file() -> None:
    create_file("/etc/issue", system(), "Hello\n")  # M: Argument 1 to "create_file" has incompatible type "str"; expected  # e: create_file() takes
