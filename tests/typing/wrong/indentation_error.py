from vmdsl import Disk, GiB, mkimg, step


@step
def disk() -> Disk:
return mkimg(GiB(4))  # M: Expected an indented block after function definition  # e: syntax error
