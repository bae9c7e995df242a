# header: imports

import shared_steps


@step
def table() -> Gpt:
    return mkgpt(shared_steps.disk())  # E: the step disk belongs to another recipe
