"""A helper that a recipe in this folder imports, with a mistake of its own."""

from vmdsl import Gpt, mkpart, mkvfat


def format_all(table: Gpt) -> None:
    mkvfat(mkpart(table), label=1)  # M: Argument "label" to "mkvfat" has incompatible type "int"; expected "str"
