"""What nox -s bench makes of what it has measured."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from bench.table import ROWS, Row, as_markdown, as_table, cells, filled, said

COLD = Row(what="cold", ours="cold", theirs="other", most=0.33)
SAME = Row(what="same", ours="same", most=1.0)


def test_medians_and_their_ratio() -> None:
    found = cells(COLD, {"cold": [30.0, 20.0, 25.0], "other": [100.0, 90.0, 500.0]})
    assert found.texts == ("cold", "25.0 s", "other", "100.0 s", "0.25", "≤ 0.33", "yes")
    assert found.good


def test_a_ratio_that_is_missed() -> None:
    found = cells(COLD, {"cold": [34.0], "other": [100.0]})
    assert found.texts[-3:] == ("0.34", "≤ 0.33", "no")
    assert not found.good


@pytest.mark.parametrize(("seconds", "good"), [(0.999, True), (1.0, False)])
def test_seconds_alone(seconds: float, good: bool) -> None:  # noqa: FBT001
    found = cells(SAME, {"same": [seconds]})
    assert found.good == good
    assert found.texts[-2] == "< 1.00 s"


@pytest.mark.parametrize("measured", [{}, {"cold": [1.0]}, {"other": [1.0], "cold": []}])
def test_what_was_not_measured_is_not_judged(measured: dict[str, list[float]]) -> None:
    found = cells(COLD, measured)
    assert "-" in found.texts
    assert found.texts[-1] == ""


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.1234, "0.12 s"), (9.99, "9.99 s"), (103.26, "103.3 s"), (None, "-")]
)
def test_seconds_as_text(seconds: float | None, text: str) -> None:
    assert said(seconds) == text


def test_every_row_of_the_table_is_printed() -> None:
    measured = {name: [1.0] for row in ROWS for name in (row.ours, row.theirs)}
    out = io.StringIO()
    Console(file=out, width=200).print(as_table(ROWS, measured))
    text = as_markdown(ROWS, measured, [("Memory", "4 GiB")], 3)
    for row in ROWS:
        assert row.what in out.getvalue()
        assert f"| {row.what} | 1.00 s |" in text
    assert "Medians of 3 runs." in text
    assert "| Memory | 4 GiB |" in text
    columns = {line.count("|") for line in text.splitlines()[: len(ROWS) + 2]}
    assert len(columns) == 1


def test_the_page_of_the_documents_is_filled() -> None:
    page = (Path(__file__).parents[3] / "docs/explanation/performance.md").read_text("utf-8")
    once = filled(page, {"tables": "| a |\n", "profile": "b\n", "checks": "d\n"})
    assert once.count("| a |") == 1
    assert filled(once, {"tables": "| c |\n", "profile": "b\n", "checks": "d\n"}) == once.replace(
        "| a |", "| c |"
    )
    with pytest.raises(ValueError, match="no marks for other"):
        filled(page, {"other": ""})
