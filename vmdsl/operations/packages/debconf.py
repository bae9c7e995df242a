"""Answers to the questions that packages ask when they are installed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vmdsl.errors import Advice, Problem
from vmdsl.language.effects import Tree, TreeOperation
from vmdsl.language.handles import RootFs
from vmdsl.language.operation import (
    Fact,
    Operation,
    Work,
    one_of,
    operation,
    origin_of,
    record,
    refuse,
)
from vmdsl.operations.packages.apt import NONINTERACTIVE

_TYPES = (
    *("boolean", "string", "select", "multiselect", "password", "text", "note", "error"),
    *("title", "seen"),
)
_WORDS = 3


@operation
class Preseed(TreeOperation):
    """Answers in debconf's database."""

    reads_layout = False
    installs_anything = False

    answers: tuple[str, ...]

    def summary(self) -> str:
        return f"preseed {', '.join(answer.split()[1] for answer in self.answers)}"

    def check_plan(self, operations: Sequence[Operation], *, complete: bool) -> Iterator[Problem]:
        """Warn of answers that come after their package, but for those of later upgrades."""
        del complete
        place = operations.index(self)
        below = [one.text for o in operations[place:] if isinstance(o, Work) for one in o.scripts()]
        if any("dpkg-reconfigure" in text for text in below):
            return
        for number, answer in enumerate(self.answers):
            package = answer.split()[0]
            for above in operations[:place]:
                named = above.packages_named() if isinstance(above, TreeOperation) else ()
                if package in named and not package.startswith("grub"):
                    yield self.problem(
                        f"{package} is installed already ({origin_of(above).where}): the answer "
                        "comes too late for it",
                        "move preseed() above apt()",
                        about=f"answers[{number}]",
                        kind=Advice,
                        code="too-late",
                    )
                    break

    def apply(self, tree: Tree) -> None:
        stdin = "".join(f"{answer}\n" for answer in self.answers)
        tree.chroot("debconf-set-selections", env=NONINTERACTIVE, stdin=stdin)


def preseed(root: RootFs, *answers: str, unless: Fact | None = None) -> None:
    """Answer questions of packages, before `apt()` installs them.

    An answer is a text of the package, the question, its type and the value, as
    `debconf-set-selections` reads it: `"tzdata tzdata/Areas select Europe"`. The value may be
    empty.
    """
    if not answers:
        raise refuse(
            "preseed without an answer",
            'as in "tzdata tzdata/Areas select Europe"',
            code="nothing-given",
        )
    for answer in answers:
        words = answer.split(maxsplit=_WORDS)
        if len(words) < _WORDS or "\n" in answer.strip() or answer.lstrip().startswith("#"):
            raise refuse(
                f"{answer!r} is not an answer",
                "each by itself: package, question, type, value",
                code="debconf-answer",
            )
        one_of("type", words[2], _TYPES)
    stripped = tuple(answer.strip() for answer in answers)
    record(Preseed(root=root, answers=stripped, unless=unless))
