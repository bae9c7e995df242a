from pathlib import Path

from vmdsl import Disk, GiB, mkimg, step

try:
    Path("/tmp/vmdsl-wrong-recipe").unlink()  # E: the recipe changes files while it is read (os.remove)
except Exception:
    pass

@step
def disk() -> Disk:
    return mkimg(GiB(4))
