"""Texts of a specification, which know where they stand and what was put into them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from vmdsl.errors import Where


@dataclass(frozen=True)
class Variable:
    """A place in a text that holds the value of a variable."""

    name: str
    value: str = field(default="", compare=False)


class Note(str):
    """A comment within a step: above the key or the element at `path`, or below it."""

    __slots__ = ("is_below", "path")

    path: str
    is_below: bool

    def __new__(cls, text: str, path: str, *, is_below: bool = False) -> Self:
        """Hold the text of the comment, without its mark."""
        made = super().__new__(cls, text)
        made.path, made.is_below = path, is_below
        return made


class Text(str):
    """A string of a specification, with the values of its variables put in.

    `where` is its place in the file. `parts` are what it was made of: plain text, and variables;
    None where a template says more than that, which stands in `template`. Where that is empty, the
    text is not known: it is wrong, and this is how it is written.
    """

    __slots__ = ("parts", "template", "where")

    where: Where
    parts: tuple[str | Variable, ...] | None
    template: str

    def __new__(
        cls,
        value: str,
        where: Where,
        parts: tuple[str | Variable, ...] | None = (),
        template: str = "",
    ) -> Self:
        """Make a text. Without `parts` and `template` it has no variables."""
        made = super().__new__(cls, value)
        made.where = where
        made.parts = (value,) if parts == () else parts
        made.template = template
        return made

    def after(self, text: str) -> Self:
        """Return the text with some more before it."""
        parts = None if self.parts is None else (text, *self.parts)
        template = f"{text}{self.template}" if self.template else ""
        return type(self)(f"{text}{self}", self.where, parts, template)

    @property
    def is_unknown(self) -> bool:
        """Whether it stands for a text that is wrong."""
        return self.parts is None and not self.template

    @property
    def is_plain(self) -> bool:
        """Whether no variable is in it."""
        return self.parts is not None and all(isinstance(part, str) for part in self.parts)
