# header: imports

import shared_steps


@step
def disk() -> Disk:
    return mkimg(shared_steps.size())  # E: an option is read that this recipe does not declare
