# header: imports

import os


os.system("id")  # E: the recipe starts a program while it is read (os.system)


@step
def disk() -> Disk:
    return mkimg(GiB(4))
