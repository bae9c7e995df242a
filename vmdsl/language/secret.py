"""Secrets: values that a build needs and nobody else may see."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, is_dataclass
from pathlib import Path
from typing import Literal

from vmdsl.language.operation import NeverText, misused

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Secret:
    """The source of a secret. Its value is read when a build starts, and is in no plan.

    Made by `Secret.from_file()`, `Secret.from_environment()`, `Secret.from_command()` or
    `Secret.from_text()`, in a step or at the top level of the recipe. Pass it on as it is: it
    never becomes text.
    """

    source: Literal["file", "environment", "command", "text"]
    reference: tuple[str, ...] = ()
    #: The value itself, where it stands in the recipe. No plan shows it.
    text: str = field(default="", repr=False)

    @classmethod
    def from_file(cls, path: str | Path) -> Secret:
        """Take the content of a file; `path` is relative to the recipe's directory."""
        if str(path) in {"", "."}:
            raise misused(
                "a secret from a file without a name", 'name it: "root.password"', code="secret"
            )
        return cls("file", (str(path),))

    @classmethod
    def from_environment(cls, name: str) -> Secret:
        """Take the value of an environment variable, which the build's programs don't get."""
        if not _VARIABLE.fullmatch(name):
            raise misused(
                f"{name!r} is not the name of a variable",
                "give its name alone: TOKEN",
                code="secret",
            )
        return cls("environment", (name,))

    @classmethod
    def from_command(cls, *command: str) -> Secret:
        """Take the output of a program: `Secret.from_command("pass", "show", "root")`.

        It runs in the recipe's directory, as you and without a shell, when a build starts.
        """
        if not command or not command[0] or (len(command) == 1 and " " in command[0]):
            words = (command[0] if command else "").split() or ["pass", "show", "root"]
            written = ", ".join(f'"{word}"' for word in words)
            raise misused(
                "a secret from a command that isn't a list of words",
                f"write: ({written})",
                code="secret",
            )
        return cls("command", command)

    @classmethod
    def from_text(cls, text: str) -> Secret:
        """Take a text in the recipe, which everybody who can read the recipe can see."""
        if not text.strip():
            raise misused("a secret that is empty", "give its value", code="secret")
        return cls("text", text=text)

    @property
    def place(self) -> str:
        """Its source in words."""
        if self.source == "text":
            return "recipe's own text"
        kind = {"file": "file", "environment": "variable", "command": "command"}[self.source]
        return f"{kind} {' '.join(self.reference)}"

    def __repr__(self) -> str:
        return f"<secret of the {self.place}>"

    def __format__(self, spec: str) -> str:
        raise misused(
            f"the secret of the {self.place} cannot become text",
            "pass it as it is: create_file(content=…), chroot(secrets=…), set_password()",
            code="as-text",
        )

    def __str__(self) -> str:
        return self.__format__("")


def secrets_in(value: object) -> Iterator[Secret]:
    """Yield the secrets in an operation or in the value of a field; handles have none."""
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from secrets_in(one)
    elif isinstance(value, tuple | list | set | frozenset):
        for one in value:
            yield from secrets_in(one)
    elif is_dataclass(value):
        for one in vars(value).values():
            if not isinstance(one, NeverText):
                yield from secrets_in(one)
