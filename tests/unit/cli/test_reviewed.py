"""Plans in files: written, compared, and required by a build."""

from pathlib import Path

import pytest

from plans import plan_of
from translations import ABOVE
from vmdsl.cli.main import compares, run
from vmdsl.cli.reviewed import changes_since, read_reviewed, require_reviewed, write_reviewed
from vmdsl.errors import RecipeError, UsageError
from vmdsl.plan.plan import Plan
from vmdsl.review.describe import describe
from vmdsl.review.outline import write
from vmdsl.values import GiB

HYBRID = Path(__file__).parents[3] / "recipes" / "hybrid.py"
SPECIFICATION = f"""
steps:
{ABOVE["system"]}
- create-file: /etc/motd
  contents: hello
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("pc.vmdb").write_text(SPECIFICATION, encoding="utf-8")
    return tmp_path


def plan(**options: object) -> Plan:
    return plan_of(HYBRID, "hybrid", **options)


def test_what_was_written_is_unchanged() -> None:
    file = Path("hybrid.plan")
    write_reviewed(file, plan())
    assert file.read_text("utf-8") == write(describe(plan()))
    assert changes_since(file, plan()) == []
    require_reviewed(file, plan())
    assert list(Path.cwd().glob(".*")) == []


def test_lines_of_the_recipe_do_not_count() -> None:
    """As they are in what `vmdsl plan RECIPE >FILE.plan` writes."""
    Path("hybrid.plan").write_text(write(describe(plan()), lines=True), encoding="utf-8")
    assert changes_since(Path("hybrid.plan"), plan()) == []


def test_the_difference() -> None:
    file = Path("hybrid.plan")
    write_reviewed(file, plan())
    changes = changes_since(file, plan(size=GiB(8)))
    assert changes[:2] == ["--- hybrid.plan", "+++ hybrid.py, now"]
    assert "-    size: 7071744 sectors (3453 MiB)" in changes
    assert "+    size: 15460352 sectors (7549 MiB)" in changes
    assert file.read_text("utf-8") == write(describe(plan()))


def test_a_build_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    file = Path("hybrid.plan")
    write_reviewed(file, plan())
    with pytest.raises(RecipeError, match=r"the plan is not the one in hybrid\.plan") as refused:
        require_reviewed(file, plan(with_swap=False))
    assert refused.value.problems[0].hint.endswith("vmdsl plan RECIPE --output hybrid.plan")
    out, err = capsys.readouterr()
    assert out == ""
    assert "\n-  swap: partition 4, swap\n" in err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no plan a.plan"),
        (b"steps:\n", "a.plan is not a plan: it does not begin with"),
        (b"\xff", "a.plan is not a plan: "),
        (
            b"Plan of a\n\nDisk\n<<<<<<< HEAD\n",
            "a.plan is not a plan: it has no name|a.plan is not",
        ),
    ],
)
def test_what_is_not_a_plan(content: bytes | None, message: str) -> None:
    if content is not None:
        Path("a.plan").write_bytes(content)
    if content is not None and b"<<<" in content:
        assert changes_since(Path("a.plan"), plan()) != []
        return
    with pytest.raises(UsageError, match=message):
        read_reviewed(Path("a.plan"))


def test_names_of_plans() -> None:
    with pytest.raises(UsageError, match="x is not the name of a plan") as refused:
        write_reviewed(Path("x"), plan())
    assert refused.value.problems[0].hint == "name it: --output x.plan"
    with pytest.raises(UsageError, match="there is no directory a"):
        write_reviewed(Path("a/x.plan"), plan())
    Path("d.plan").mkdir()
    with pytest.raises(UsageError, match=r"d\.plan is a directory"):
        write_reviewed(Path("d.plan"), plan())


def test_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "pc.vmdb", "--output", "pc.plan"]) == 0
    assert capsys.readouterr() == ("", "")
    assert Path("pc.plan").read_text("utf-8").startswith("Plan of pc.vmdb\n")
    assert run(["plan", "pc.vmdb", "--check", "pc.plan"]) == 0
    assert capsys.readouterr() == ("", "")
    changed = SPECIFICATION.replace("hello", "bye")
    Path("pc.vmdb").write_text(f"# A comment.\n{changed}", encoding="utf-8")
    assert run(["plan", "pc.vmdb", "--check=pc.plan"]) == 2
    out, err = capsys.readouterr()
    assert [line for line in out.splitlines() if line[:1] in "+-"][2:] == [
        "-    content: hello",
        "+    content: bye",
    ]
    assert err == ""
    assert run(["build", "pc.vmdb", "--plan", "pc.plan"]) == 3
    assert "the plan is not the one in pc.plan" in capsys.readouterr().err
    assert not list(Path.cwd().glob("*.img*"))


@pytest.mark.parametrize(
    "words",
    [
        ["pc.vmdb", "--check", "missing.plan"],
        ["pc.vmdb", "--check"],
        ["pc.vmdb", "--check", "pc.vmdb", "--frob"],
        ["missing.vmdb", "--check", "pc.plan"],
        ["wrong.vmdb", "--check", "pc.plan"],
        ["pc.vmdb", "--check", "pc.vmdb"],
        ["pc.vmdb", "--check", "pc.plan", "--json"],
    ],
)
def test_every_error_of_a_comparison_is_1(words: list[str]) -> None:
    Path("wrong.vmdb").write_text("steps:\n  - frob: x\n", encoding="utf-8")
    assert run(["plan", *words]) == 1


def test_the_image_of_a_specification_is_named_as_in_vmdb2() -> None:
    assert run(["plan", "pc.vmdb", "--output", "x.img"]) == 0
    assert not Path("x.img").exists()


def test_a_plan_is_not_a_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "pc.vmdb", "-o", "pc.plan"]) == 0
    assert run(["build", "pc.plan"]) == 2
    assert "pc.plan is a plan, not a recipe" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["plan", "a.py", "--check", "a.plan"], True),
        (["plan", "--check=a.plan", "a.py"], True),
        (["plan", "a.py"], False),
        (["check", "a.py"], False),
        ([], False),
    ],
)
def test_commands_that_compare(words: list[str], answer: bool) -> None:  # noqa: FBT001
    assert compares(words) is answer


def test_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "pc.vmdb", "--html", "pc.html"]) == 0
    assert capsys.readouterr() == ("", "")
    assert "<title>Plan of pc.vmdb</title>" in Path("pc.html").read_text("utf-8")
    assert run(["plan", "pc.vmdb", "--html", "a/pc.html"]) == 2
    assert run(["plan", "pc.vmdb", "--html", "pc.html", "--json"]) == 2
