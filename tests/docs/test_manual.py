"""The manual page, docs/vmdsl.1, has the text of `--help` and of the reference.

`nox -s golden` writes it anew.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.text import Text
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from vmdsl.cli import specification
from vmdsl.cli.app import make_app

REPOSITORY = Path(__file__).parents[2]
MANUAL = REPOSITORY / "docs/vmdsl.1"
REFERENCE = REPOSITORY / "docs/reference/command-line.md"
REWRITE = os.environ.get("VMDSL_GOLDEN") == "rewrite"
INTRODUCTION = """\
A recipe is a Python file that says what is in an image. Its options are flags of the commands that
take a recipe:
.B vmdsl build
.I RECIPE
.B \\-\\-help
lists them. Installed packages offer recipes by name:
.B vmdsl list
shows these too. Any other file is a vmdb2 specification."""


def plain(text: str) -> str:
    """A text as roff has it, without the markup of help texts."""
    shown = Text.from_markup(text).plain.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", shown, flags=re.MULTILINE)


def paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.strip().split("\n\n"):
        yield ".PP"
        yield plain(" ".join(line.strip() for line in paragraph.splitlines()))


def bold_names(option: TyperOption, context: Any) -> str:
    """The spellings of an option in bold, with its value."""
    shown, _ = option.get_help_record(context) or ("", "")
    return re.sub(r"(?<![\w-])--?[a-z][a-z-]*", lambda name: f"\\fB{plain(name[0])}\\fR", shown)


def shown_default(option: TyperOption) -> str:
    is_shown = option.show_default and option.default not in (None, False, "", ())
    return f" \\[default: {option.default}]" if is_shown else ""


def options(parameters: Sequence[Any], context: Any) -> Iterator[str]:
    for one in parameters:
        if isinstance(one, TyperOption) and not one.hidden:
            yield ".TP"
            yield bold_names(one, context)
            yield plain((one.help or "") + shown_default(one))


def command(one: TyperCommand, context: Any) -> Iterator[str]:
    more = {p.name for p in specification.options()} if hasattr(one, "glimpse") else set()
    found: list[TyperArgument | TyperOption] = [
        p for p in one.get_params(context) if isinstance(p, TyperArgument | TyperOption)
    ]
    own = [p for p in found if p.name != "help" and (not p.rich_help_panel or p.name not in more)]
    arguments = [p for p in own if isinstance(p, TyperArgument)]
    words = [f"\\fI{plain(p.display_name_raw)}\\fR" + "..." * (p.nargs != 1) for p in arguments]
    yield f'.SS "{plain(context.command_path)}"'
    yield " ".join([f"\\fB{plain(context.command_path)}\\fR", "[\\fIOPTION\\fR]...", *words])
    yield from paragraphs(one.help or "")
    for argument in arguments:
        yield ".TP"
        yield f"\\fI{plain(argument.display_name_raw)}\\fR"
        yield plain(argument.help or "")
    yield from options(own, context)


def commands(group: TyperGroup, context: Any) -> Iterator[str]:
    for name, one in group.commands.items():
        inner = typer.Context(one, info_name=name, parent=context)
        if isinstance(one, TyperGroup):
            yield from commands(one, inner)
        else:
            assert isinstance(one, TyperCommand)
            yield from command(one, inner)


def table(title: str) -> Iterator[str]:
    """The rows of the table below a heading of the reference."""
    below = REFERENCE.read_text("utf-8").partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    for name, text in re.findall(r"^\| (.+?) \| (.+) \|$", below, re.MULTILINE):
        yield ".TP"
        yield ", ".join(f"\\fB{plain(one.strip('`'))}\\fR" for one in name.split(", "))
        yield plain(text.replace("`", "").replace("[", "\\["))


def manual() -> str:
    app = typer.main.get_command(make_app())
    assert isinstance(app, TyperGroup)
    context = typer.Context(app, info_name="vmdsl")
    lines = [
        '.\\" Made from the help texts by: nox \\-s golden',
        ".TH VMDSL 1",
        ".SH NAME",
        f"vmdsl \\- {plain((app.help or '')[0].lower() + (app.help or '')[1:].rstrip('.'))}",
        ".SH SYNOPSIS",
        "\\fBvmdsl\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR]...",
        ".SH DESCRIPTION",
        INTRODUCTION,
        ".SH OPTIONS",
        *options(app.get_params(context), context),
        ".SH COMMANDS",
        *commands(app, context),
        '.SH "OPTIONS OF VMDB2 SPECIFICATIONS"',
        "Commands that take a recipe have these if they are given a specification.",
        *options(specification.options(), context),
        '.SH "EXIT STATUS"',
        *table("Exit codes"),
        ".SH ENVIRONMENT",
        *table("Environment"),
    ]
    return "\n".join(lines) + "\n"


def test_the_manual_has_the_text_of_the_help() -> None:
    if REWRITE:
        MANUAL.write_text(manual(), encoding="utf-8")
    assert manual() == MANUAL.read_text("utf-8"), "if this is meant: nox -s golden"


@pytest.mark.parametrize("width", [80, 120])
def test_groff_has_nothing_to_complain_about(width: int) -> None:
    words = ["groff", "-man", "-ww", "-Tutf8", "-P-cbou", f"-rLL={width}n", str(MANUAL)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "vmdsl build [OPTION]... RECIPE\n" in done.stdout
    assert "--on-error" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= width
