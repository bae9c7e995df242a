# header: imports

from pathlib import Path


try:
    Path("/tmp/vmdsl-wrong-recipe").unlink()  # E: the recipe changes files while it is read (os.remove)
except Exception:
    pass


@step
def disk() -> Disk:
    return mkimg(GiB(4))
