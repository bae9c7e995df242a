"""From the text of a specification to its steps, with everything that is wrong reported at once."""

from __future__ import annotations

import codecs
import difflib
import platform
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Never

from vmdsl.errors import Problem, RecipeError, UsageError, Where
from vmdsl.machines import arch_of
from vmdsl.vmdb2.reading.comments import comments_of
from vmdsl.vmdb2.reading.findings import Findings
from vmdsl.vmdb2.reading.jinja import Templates
from vmdsl.vmdb2.reading.mappings import Mappings
from vmdsl.vmdb2.reading.nodes import Document, Entry, Items, Node, Pairs, Scalar
from vmdsl.vmdb2.reading.parse import parse
from vmdsl.vmdb2.reading.spec_steps import Steps
from vmdsl.vmdb2.reading.typed_values import Values
from vmdsl.vmdb2.schema import Spec

#: The name of standard input.
STDIN = Path("-")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_EXAMPLE = "a specification begins with `steps:`, and a list of steps below it"


def text_of(path: Path) -> str:
    """Return the text of a file; `-` is standard input.

    Raises UsageError if it cannot be read, RecipeError if it is not UTF-8.
    """
    if path.is_dir():
        raise UsageError(
            Problem(
                what=f"{path} is a directory",
                hint="name the specification that is in it",
                code="no-such-file",
            )
        )
    try:
        data = sys.stdin.buffer.read() if path == STDIN else path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", code="no-such-file") from None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        *_, line = before = data[: error.start].split(b"\n")
        column = len(line.decode("utf-8")) + 1
        encoding = "utf-16" if data.startswith(_UTF_16) else "latin1"
        hint = f"convert it: iconv -f {encoding} -t utf-8 {path}"
        if encoding == "latin1" and b"\0" in data:
            hint = "is it a specification at all?"
        raise RecipeError(
            Problem(
                what=f"it is not UTF-8 text: there is a byte {data[error.start]:#04x}",
                where=Where(path, len(before), column),
                hint=hint,
                code="spec-yaml",
            )
        ) from None


@dataclass(frozen=True, kw_only=True)
class Read:
    """The result of reading: the steps, and the mistakes and warnings.

    Where there are problems, steps may be missing, or have stand-ins in place of what they need, so
    that others can still be looked at. `unread` are the words of those that are missing: what these
    would make isn't known.
    """

    spec: Spec
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    unread: frozenset[str] = frozenset()


def read(
    text: str,
    path: Path,
    variables: Mapping[str, str],
    *,
    lenient: bool = False,
    arch: str = arch_of(platform.machine()) or platform.machine(),
) -> Read:
    """Read a specification. `path` is what messages call it; `arch` is this machine's.

    `variables` are all that its templates may name. `lenient` makes keys that vmdb2 would ignore
    warnings. Raises RecipeError where there is nothing that could be read at all.
    """
    document = parse(text, path)
    findings = Findings(lenient=lenient)
    mappings = Mappings(document=document, findings=findings)
    entry = _steps(document, mappings)
    listed = entry.value
    if not isinstance(listed, Items):
        _fail(document, listed, "steps is not a list", "each step begins with `- `, below `steps:`")
    if not listed.items:
        _fail(document, listed, "there are no steps", "the first one is mkimg:, with the size")
    comments = comments_of(document, listed.items, entry.key.line, listed.column)
    templates = Templates(variables, arch)
    values = Values(document=document, templates=templates, mappings=mappings, findings=findings)
    steps = Steps(document=document, values=values, mappings=mappings, findings=findings)
    made = [
        steps.steps(item, f"$.steps[{number}]", comments.steps[number])
        for number, item in enumerate(listed.items)
    ]
    spec = Spec(
        steps=tuple(step for several in made for step in several),
        comments=comments.above,
        closing=comments.below,
    )
    return Read(
        spec=spec,
        problems=findings.problems,
        warnings=findings.warnings,
        unread=frozenset(
            word
            for item, several in zip(listed.items, made, strict=True)
            if not several
            for word in [*_words(item)] or [""]
        ),
    )


def _steps(document: Document, mappings: Mappings) -> Entry:
    root = document.root
    if isinstance(root, Items):
        _fail(document, root, "this is a list, without `steps:`", _EXAMPLE)
    if not isinstance(root, Pairs):
        _fail(document, root, "this is not a specification", _EXAMPLE)
    entries = mappings.entries(root, "$")
    if "steps" not in entries:
        close = difflib.get_close_matches("steps", entries, n=1)
        hint = f"did you mean steps, where {close[0]} stands?" if close else _EXAMPLE
        _fail(document, root, "there is no key `steps`", hint)
    return entries["steps"]


def _words(node: Node) -> Iterator[str]:
    """Yield all scalars of a part of a specification."""
    match node:
        case Scalar() if node.tag != "null":
            yield node.value
        case Items():
            for item in node.items:
                yield from _words(item)
        case Pairs():
            for pair in node.pairs:
                for part in pair:
                    yield from _words(part)


def _fail(document: Document, node: Node, what: str, hint: str) -> Never:
    path = "$" if node is document.root else "$.steps"
    if isinstance(node, Scalar) and node.tag == "null" and path == "$":
        what = "there is nothing in it"
    raise RecipeError(
        Problem(what=what, where=document.where(node, path), hint=hint, code="spec-yaml")
    )
