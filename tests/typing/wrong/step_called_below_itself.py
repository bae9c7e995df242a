# header: system


@step
def tools() -> None:
    apt(system(), "curl")


tools()  # E: the step tools is called outside a step
