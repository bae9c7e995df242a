# header: imports

from pathlib import Path


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def key() -> None:
    Path("/tmp/vmdsl-wrong-recipe").write_text("secret")  # E: the recipe writes the file
