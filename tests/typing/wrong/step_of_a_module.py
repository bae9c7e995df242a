import shared_steps

from vmdsl import Gpt, mkgpt, step


@step
def table() -> Gpt:
    return mkgpt(shared_steps.disk())  # E: the step disk belongs to another recipe
