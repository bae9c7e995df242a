import io
from pathlib import Path

import pytest
from rich.console import Console

from vmdsl.cli import doctor
from vmdsl.errors import Problem
from vmdsl.host.facts import Result

WRONG = Problem(what="User namespaces are forbidden [0].", hint="As root: " + "sysctl " * 30)
FINE = Result(name="ids", detail="root [uses] its own")
WARNING = Result(name="space", problem=WRONG, fatal=False)
FATAL = Result(name="user namespaces", problem=WRONG)


def shown(*results: Result) -> list[str]:
    out = io.StringIO()
    doctor.show(results, Console(file=out, width=40))
    return out.getvalue().splitlines()


def test_brackets_stay_and_commands_are_not_wrapped() -> None:
    assert shown(FINE, WARNING, FATAL) == [
        "ok       ids              root [uses] its own",
        "warning  space            User namespaces are forbidden [0].",
        f"    {WRONG.hint}",
        "problem  user namespaces  User namespaces are forbidden [0].",
        f"    {WRONG.hint}",
        "1 problem keeps this machine from building images.",
    ]


def test_the_last_line() -> None:
    assert shown(FINE, WARNING)[-1] == "This machine can build images."
    assert shown(FATAL, FATAL)[-1] == "2 problems keep this machine from building images."


@pytest.mark.parametrize(("results", "code"), [((FINE, WARNING), 0), ((FINE, FATAL), 4)])
def test_exit_code(
    results: tuple[Result, ...], code: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(doctor, "check_host", lambda _: results)
    assert doctor.run_doctor(tmp_path) == code
