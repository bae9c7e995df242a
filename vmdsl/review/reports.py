"""Reports of a command for programs: JSON, commands of GitHub's workflows, and SARIF."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from vmdsl.errors import Problem, Where
from vmdsl.explanations.codes import explanations

#: Grows when a field of the JSON is taken away, or changes its meaning; not when one is added.
FORMAT_VERSION = 1
#: The JSON Schema of what `as_json` returns.
SCHEMA = Path(__file__).with_name("report.schema.json")
_SARIF = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_HOME = "https://vmdsl.example"
_CODES = f"{_HOME}/vmdsl/blob/main/docs/reference/codes.md"
#: The exit codes of a command that has looked at its recipes.
_LOOKED = (0, 3)
_GITHUB = {"error": "error", "warning": "warning", "note": "notice"}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A problem, and how grave it is. `reason` says why the recipe allows it, if it does."""

    level: Literal["error", "warning", "note"]
    problem: Problem
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that a command has found. Names of files below `top` are relative to it."""

    entries: Sequence[Entry]
    exit_code: int
    top: Path

    def file(self, where: Where) -> str:
        """Return the name of a file as reports have it."""
        file = where.file
        return (file.relative_to(self.top) if file.is_relative_to(self.top) else file).as_posix()


def as_json(report: Report) -> str:
    """Return a report as JSON, which `report.schema.json` beside this module describes."""
    document = {
        "format_version": FORMAT_VERSION,
        "exit_code": report.exit_code,
        "problems": [_data(entry, report) for entry in report.entries],
    }
    return _dumped(document)


def _data(entry: Entry, report: Report) -> dict[str, Any]:
    problem, where = entry.problem, entry.problem.where
    return {
        "level": entry.level,
        "code": problem.code,
        "file": report.file(where) if where else None,
        "line": where.line or None if where else None,
        "column": where.column or None if where else None,
        "path": where.path if where else "",
        "step": problem.step,
        "what": problem.what,
        "hint": problem.hint,
        "allowed": entry.reason or None,
    }


def as_github(report: Report) -> str:
    """Return a report as commands of GitHub's workflows, which shows them beside the lines."""
    return "".join(_command(entry, report) for entry in report.entries if not entry.reason)


def _command(entry: Entry, report: Report) -> str:
    problem, where = entry.problem, entry.problem.where
    properties: dict[str, str] = {}
    if where:
        numbers = {"line": where.line, "col": where.column}
        shown = {name: str(number) for name, number in numbers.items() if number}
        properties |= {"file": report.file(where), **shown}
    properties["title"] = problem.code or "vmdsl"
    listed = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in properties.items())
    return f"::{_GITHUB[entry.level]} {listed}::{_escaped(_message(problem))}\n"


def _escaped(text: str, more: str = "") -> str:
    """Escape what would end a command, or one of its properties."""
    for character in f"%\r\n{more}":
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def _message(problem: Problem) -> str:
    step = f"step {problem.step}: " if problem.step else ""
    return "\n".join(filter(None, (f"{step}{problem.what}", problem.hint)))


def as_sarif(report: Report) -> str:
    """Return a report as SARIF 2.1.0. What the recipe allows is in it, as suppressed."""
    codes = list(dict.fromkeys(entry.problem.code for entry in report.entries))
    run = {
        "tool": {
            "driver": {
                "name": "vmdsl",
                "version": version("vmdsl"),
                "informationUri": _HOME,
                "rules": [_rule(code) for code in codes],
            }
        },
        "invocations": [
            {"executionSuccessful": report.exit_code in _LOOKED, "exitCode": report.exit_code}
        ],
        "columnKind": "unicodeCodePoints",
        "results": [_result(entry, codes, report) for entry in report.entries],
    }
    return _dumped({"$schema": _SARIF, "version": "2.1.0", "runs": [run]})


def _rule(code: str) -> dict[str, Any]:
    explained = explanations().get(code)
    if explained is None:
        return {"id": code or "vmdsl"}
    return {
        "id": code,
        "shortDescription": {"text": f"{explained.title}."},
        "help": {"text": explained.text, "markdown": explained.text},
        "helpUri": f"{_CODES}#{code}",
    }


def _result(entry: Entry, codes: Sequence[str], report: Report) -> dict[str, Any]:
    problem = entry.problem
    result: dict[str, Any] = {
        "ruleId": problem.code or "vmdsl",
        "ruleIndex": codes.index(problem.code),
        "level": entry.level,
        "message": {"text": _message(problem)},
    }
    if problem.where:
        result["locations"] = [_location(problem, problem.where, report)]
    if entry.reason:
        result["suppressions"] = [{"kind": "inSource", "justification": entry.reason}]
    return result


def _location(problem: Problem, where: Where, report: Report) -> dict[str, Any]:
    file = Path(report.file(where))
    artifact = {"uri": file.as_uri()} if file.is_absolute() else {"uri": _uri(file)}
    physical: dict[str, Any] = {"artifactLocation": artifact}
    if where.line:
        numbers = {"startLine": where.line, "startColumn": where.column}
        physical["region"] = {name: number for name, number in numbers.items() if number}
    location: dict[str, Any] = {"physicalLocation": physical}
    names = [{"name": problem.step, "kind": "function"}] if problem.step else []
    names += [{"fullyQualifiedName": where.path, "kind": "element"}] if where.path else []
    if names:
        location["logicalLocations"] = names
    return location


def _uri(file: Path) -> str:
    """Return a relative path as the relative reference of a URI."""
    return (Path("/") / file).as_uri().removeprefix("file:///")


def _dumped(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


#: The formats by their names, but for text.
FORMATS: Mapping[str, Callable[[Report], str]] = {
    "json": as_json,
    "github": as_github,
    "sarif": as_sarif,
}
