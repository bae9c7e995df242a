"""A helper that a recipe in this folder imports, with a wrong handle: that is one report, here."""

from vmdsl import RootFs, apt


def add_tools(system: RootFs) -> None:
    apt(system.mounted, "curl")  # M: Argument 1 to "apt" has incompatible type "Mounted[Any]"
