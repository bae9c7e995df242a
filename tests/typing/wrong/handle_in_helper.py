# header: system

from shared_handles import add_tools


@step
def tools() -> None:
    add_tools(system())  # e: apt() takes RootFs as root, not Mounted
