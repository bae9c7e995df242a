# header: imports

import os
import signal


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def exit_code() -> None:
    os._exit(0)  # E: the recipe ends vmdsl itself (_exit)


@step
def terminate() -> None:
    signal.raise_signal(signal.SIGTERM)  # E: the recipe ends vmdsl itself (raise_signal)


@step
def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)  # E: the recipe sends a signal while it is read (os.kill)
