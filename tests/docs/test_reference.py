"""The reference of all operations, written from their docstrings and their case files.

`nox -s golden` writes it; the test says where it is out of date.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest

import vmdsl
import vmdsl_stdlib
from vmdsl.explanations.codes import explanations
from vmdsl.operations.boot_loaders import boot_loader

REPOSITORY = Path(__file__).parents[2]
CODES = REPOSITORY / "docs/reference/codes.md"
PLACE = REPOSITORY / "docs/reference/operations"
CASES = REPOSITORY / "tests/cases"
REWRITE = os.environ.get("VMDSL_GOLDEN") == "rewrite"
WIDTH = 88
_SHOWN = 300
#: Exported beside the operations: the language, which docs/reference/language.md tells of.
LANGUAGE = {
    "step",
    "step_if",
    "option",
    "optional_path",
    "flag",
    "require",
    "record",
    "refuse",
    "warn",
}
#: In the order of the index.
FOLDERS = (
    *(f"vmdsl.operations.{name}" for name in ("disk", "systems", "packages", "files", "scripts")),
    *("vmdsl.operations.boot_loaders", "vmdsl_stdlib"),
)


def functions(package: Any) -> dict[str, Callable[..., Any]]:
    """The operations that a package exports, by name."""
    found = {name: getattr(package, name) for name in package.__all__}
    return {
        name: value
        for name, value in found.items()
        if inspect.isfunction(value) and name not in LANGUAGE and value.__module__ != "vmdsl.values"
    }


def signature(name: str, function: Callable[..., Any]) -> str:
    """How a function is called, a parameter a line where they don't fit into one."""
    found = inspect.signature(function)
    parts: list[str] = []
    keyword = False
    for parameter in found.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not keyword:
            if not any(p.startswith("*") for p in parts):
                parts.append("*")
            keyword = True
        parts.append(shown(parameter))
    returned = f" -> {found.return_annotation}"
    line = f"{name}({', '.join(parts)}){returned}"
    if len(line) <= WIDTH:
        return line
    return f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){returned}"


def shown(parameter: inspect.Parameter) -> str:
    """A parameter as its author wrote it."""
    stars = "*" if parameter.kind is parameter.VAR_POSITIONAL else ""
    text = f"{stars}{parameter.name}: {parameter.annotation}"
    default = parameter.default
    if default is parameter.empty:
        return text
    return f"{text} = {default if isinstance(default, Enum) else repr(default)}"


def words(function: Callable[..., Any]) -> Iterator[str]:
    """What the names in a signature stand for that are lists of words."""
    module = inspect.getmodule(function)
    annotations = " ".join(
        str(p.annotation) for p in inspect.signature(function).parameters.values()
    )
    for name in dict.fromkeys(re.findall(r"\w+", annotations)):
        value = getattr(module, name, None) or getattr(boot_loader, name, None)
        if get_origin(value) is Literal:
            yield f"`{name}` is one of {', '.join(f'`{word}`' for word in get_args(value))}."


def first_sentence(documented: object) -> str:
    return (inspect.getdoc(documented) or "").partition("\n\n")[0].replace("\n", " ")


def page(name: str, function: Callable[..., Any]) -> str:
    """The page of one operation."""
    lines = [f"# {name}", "", f"`from {package_of(function)} import {name}`", ""]
    lines += ["```text", signature(name, function), "```", "", inspect.getdoc(function) or ""]
    lines += [line for sentence in words(function) for line in ("", sentence)]
    for file in sorted((CASES / name).glob("*.json")):
        case = json.loads(file.read_text("utf-8"))
        lines += ["", f"## {case['about']}", "", "```text", case["call"], "```", ""]
        done = list(deeds(case["does"]))
        lines += done or ["It does nothing but say so: there is nothing to run."]
    lines += ["", "[All operations](README.md)", ""]
    return "\n".join(lines)


def package_of(function: Callable[..., Any]) -> str:
    return function.__module__.partition(".")[0]


_NAMED = {"write": "A file", "copy_in": "A file", "mkdir": "A directory", "remove": "Removed"}
_MADE = {"symlink": "A symlink:", "copy_tree": "A directory, copied:"}


def deeds(does: list[dict[str, Any]]) -> Iterator[str]:
    """What a case does, a line each."""
    for entry in does:
        kind, what = next(iter(entry.items()))
        match kind:
            case "chroot" | "run" | "tool":
                place = "In the system" if kind == "chroot" else "On this machine"
                yield f"- {place}: {code(shlex.join(what))}"
            case "write" | "copy_in" | "mkdir" | "remove":
                yield f"- {_NAMED[kind]}: {code(what)}"
            case "symlink" | "copy_tree":
                how, other = list(entry.items())[1]
                yield f"- {_MADE[kind]} {code(what)}, with the {how} {code(other)}"
            case "write_at":
                yield f"- Bytes of the image, from byte {what} on"
            case "sfdisk":
                yield f"- The partition table, with {code(what[-1])}"
            case "lvm":
                yield f"- On each of its devices: the volume group, with `{what[1]}`"
            case "obstacle":
                yield f"- Nothing yet: {what}"
            case "decide":
                yield f"- The fact is {'true' if entry['truth'] else 'false'}"


def code(text: str) -> str:
    first, _, more = text.partition("\n")
    shown = first if len(first) <= _SHOWN else f"{first[:_SHOWN]}…"
    return f"`{shown}{' …' if more else ''}`"


def folder_of(function: Callable[..., Any]) -> str:
    """The package that an operation is in: a folder of `vmdsl.operations`, or the library."""
    words = function.__module__.split(".")
    return ".".join(words[:3] if words[:2] == ["vmdsl", "operations"] else words[:1])


def index(functions: Mapping[str, Callable[..., Any]]) -> str:
    """The page that names them all, by the folder of their code."""
    lines = ["# All operations", ""]
    lines += ["Each page is written from the function's docstring and its case files.", ""]
    by_folder: dict[str, list[str]] = {folder: [] for folder in FOLDERS}
    for name, function in sorted(functions.items()):
        by_folder.setdefault(folder_of(function), []).append(name)
    for folder, names in by_folder.items():
        about = first_sentence(importlib.import_module(folder)).rstrip(".")
        lines += [f"## {about}", "", "| | |", "|---|---|"]
        lines += [
            f"| [`{name}`]({name}.md) | {first_sentence(functions[name])} |" for name in names
        ]
        lines.append("")
    return "\n".join(lines)


def pages() -> dict[str, str]:
    all_of_them = {**functions(vmdsl), **functions(vmdsl_stdlib)}
    made = {f"{name}.md": page(name, function) for name, function in all_of_them.items()}
    return {**made, "README.md": index(all_of_them)}


def test_the_reference_is_what_the_docstrings_say() -> None:
    now = pages()
    if REWRITE:
        PLACE.mkdir(exist_ok=True)
        for old in PLACE.glob("*.md"):
            old.unlink()
        for name, text in now.items():
            (PLACE / name).write_text(text, encoding="utf-8")
    then = {path.name: path.read_text("utf-8") for path in PLACE.glob("*.md")}
    stale = sorted(name for name in {*now, *then} if now.get(name) != then.get(name))
    if stale:
        pytest.fail(f"out of date: {', '.join(stale)}: run `nox -s golden`", pytrace=False)


def codes() -> str:
    """The page of all codes, from the texts of `vmdsl explain`."""
    lines = [
        "# Codes of mistakes",
        "",
        "The first line of each report ends with the code of its kind, such as `[call-it]`.",
        "`vmdsl explain call-it` shows what is below here. In the examples, steps that are called",
        "and not shown, such as `table()` and `system()`, are those of most recipes.",
        "",
    ]
    for one in explanations().values():
        text = re.sub(r"^(Wrong|Right):$", r"*\1:*", one.text.rstrip(), flags=re.MULTILINE)
        lines += [f"## {one.code}", "", f"**{one.title}.**", "", text, ""]
    return "\n".join(lines)


def test_the_page_of_codes_is_what_is_explained() -> None:
    if REWRITE:
        CODES.write_text(codes(), encoding="utf-8")
    if CODES.read_text("utf-8") != codes():
        pytest.fail("codes.md is out of date: run `nox -s golden`", pytrace=False)


@pytest.mark.parametrize("name", sorted({*functions(vmdsl), *functions(vmdsl_stdlib)}))
def test_every_operation_has_a_docstring(name: str) -> None:
    function = {**functions(vmdsl), **functions(vmdsl_stdlib)}[name]
    assert first_sentence(function).endswith((".", ":"))
