from shared_steps import disk  # E: the step disk comes from another module

from vmdsl import Gpt, mkgpt, step


@step
def table() -> Gpt:
    return mkgpt(disk())
