# header: imports

import os


os.environ["DEBIAN_FRONTEND"] = "noninteractive"  # E: the recipe changes the environment while it is read (os.putenv)


@step
def disk() -> Disk:
    return mkimg(GiB(4))
