"""Reports for programs: JSON and SARIF as their schemas say, and commands of GitHub."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from vmdsl.errors import Advice, Problem, Where
from vmdsl.review.reports import (
    FORMAT_VERSION,
    SCHEMA,
    Entry,
    Report,
    as_github,
    as_json,
    as_sarif,
)

#: The schema that Microsoft's SARIF Multitool 5.7.0 (npm, MIT licence) validates with, unchanged.
SARIF = Path(__file__).with_name("sarif-2.1.0.schema.json")
TOP = Path("/srv/here")
ENTRIES = (
    Entry(
        level="error",
        problem=Problem(
            what="one\r\nmore: 100%",
            code="call-it",
            hint="write it",
            step="root",
            where=Where(TOP / "a b/ä,:.py", 3, 7),
        ),
    ),
    Entry(
        level="warning",
        problem=Advice(
            what="perhaps", code="unread-file", where=Where(TOP / "pc.vmdb", 4, 0, "$.x")
        ),
    ),
    Entry(level="note", problem=Problem(what="not here", code="kvm", where=Where(TOP / "x:y.py"))),
    Entry(
        level="error",
        problem=Problem(what="elsewhere", code="own", where=Where(Path("/x/y.py"), 1)),
    ),
    Entry(level="error", problem=Problem(what="nowhere")),
    Entry(
        level="error",
        problem=Problem(what="open", code="no-open-login", where=Where(TOP / "pc.py", 9)),
        reason="a locked room",
    ),
)
REPORT = Report(entries=ENTRIES, exit_code=3, top=TOP)


def test_json() -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["properties"]["format_version"]["const"] == FORMAT_VERSION
    document = json.loads(as_json(REPORT))
    jsonschema.Draft202012Validator(schema).validate(document)
    first, second, third, *_, nowhere, last = document["problems"]
    assert first == {
        "level": "error",
        "code": "call-it",
        "file": "a b/ä,:.py",
        "line": 3,
        "column": 7,
        "path": "",
        "step": "root",
        "what": "one\r\nmore: 100%",
        "hint": "write it",
        "allowed": None,
    }
    assert (second["level"], second["path"], second["column"]) == ("warning", "$.x", None)
    assert (third["file"], third["line"]) == ("x:y.py", None)
    assert nowhere["file"] is None
    assert last["allowed"] == "a locked room"


def test_the_schema_leaves_no_field_open() -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    for one in (schema, schema["properties"]["problems"]["items"]):
        assert one["additionalProperties"] is False
        assert one["required"] == list(one["properties"])


def test_github() -> None:
    assert as_github(REPORT).splitlines() == [
        (
            "::error file=a b/ä%2C%3A.py,line=3,col=7,title=call-it"
            "::step root: one%0D%0Amore: 100%25%0Awrite it"
        ),
        "::warning file=pc.vmdb,line=4,title=unread-file::perhaps",
        "::notice file=x%3Ay.py,title=kvm::not here",
        "::error file=/x/y.py,line=1,title=own::elsewhere",
        "::error title=vmdsl::nowhere",
    ]


@pytest.fixture(scope="module")
def sarif() -> Any:
    schema = json.loads(SARIF.read_text("utf-8-sig"))
    return jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )


@pytest.mark.parametrize("entries", [(), ENTRIES])
def test_sarif_is_as_its_schema_says(entries: tuple[Entry, ...], sarif: Any) -> None:
    sarif.validate(json.loads(as_sarif(Report(entries=entries, exit_code=0, top=TOP))))


def test_the_schema_of_sarif_refuses_what_is_wrong(sarif: Any) -> None:
    document = json.loads(as_sarif(REPORT))
    document["runs"][0]["results"][0]["level"] = "grave"
    assert not sarif.is_valid(document)


def test_sarif() -> None:
    (run,) = json.loads(as_sarif(REPORT))["runs"]
    first, second, third, elsewhere, nowhere, allowed = run["results"]
    assert first["ruleId"] == "call-it"
    assert first["message"]["text"] == "step root: one\r\nmore: 100%\nwrite it"
    (place,) = first["locations"]
    physical = place["physicalLocation"]
    assert physical["artifactLocation"] == {"uri": "a%20b/%C3%A4%2C%3A.py"}
    assert physical["region"] == {"startLine": 3, "startColumn": 7}
    assert place["logicalLocations"] == [{"name": "root", "kind": "function"}]
    (place,) = second["locations"]
    assert place["physicalLocation"]["region"] == {"startLine": 4}
    assert place["logicalLocations"] == [{"fullyQualifiedName": "$.x", "kind": "element"}]
    (place,) = third["locations"]
    assert place["physicalLocation"] == {"artifactLocation": {"uri": "x%3Ay.py"}}
    (place,) = elsewhere["locations"]
    assert place["physicalLocation"]["artifactLocation"] == {"uri": "file:///x/y.py"}
    assert "locations" not in nowhere
    assert allowed["suppressions"] == [{"kind": "inSource", "justification": "a locked room"}]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[one["ruleIndex"]]["id"] for one in run["results"]] == [
        *("call-it", "unread-file", "kvm", "own", "vmdsl", "no-open-login")
    ]
    assert rules[0]["helpUri"].endswith("/codes.md#call-it")
    assert rules[0]["help"]["text"]
    assert run["invocations"] == [{"executionSuccessful": True, "exitCode": 3}]
