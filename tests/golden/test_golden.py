"""The plan of every recipe is as it was reviewed, and looks right on terminals."""

import io
import os
from pathlib import Path

import pytest
from rich.console import Console

from plans import plan_of
from vmdsl.cli.diff import show
from vmdsl.cli.draw import show_plan
from vmdsl.cli.main import run
from vmdsl.machines import Arch
from vmdsl.review.compare import compare
from vmdsl.review.describe import describe
from vmdsl.review.outline import without_lines
from vmdsl.values import Suite

HERE = Path(__file__).parent
FOLDER = HERE.parent.parent / "recipes"
FOLDERS = (FOLDER, FOLDER / "ports")
RECIPES = sorted(recipe for folder in FOLDERS for recipe in folder.glob("*.py"))
REWRITE = os.environ.get("VMDSL_GOLDEN") == "rewrite"


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("cache"))


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_the_plan_is_as_it_was_reviewed(
    recipe: Path, cache: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["plan", str(recipe), "--cache-dir", cache]
    file = str(recipe.with_suffix(".plan"))
    if REWRITE:
        assert run([*words, "--output", file]) == 0
    code = run([*words, "--check", file])
    out, err = capsys.readouterr()
    if code:
        pytest.fail(f"{out}{err}if this is meant: nox -s golden", pytrace=False)


def test_every_plan_has_its_recipe() -> None:
    plans = {plan.with_suffix(".py") for folder in FOLDERS for plan in folder.glob("*.plan")}
    assert plans == set(RECIPES)


def compare_with(file: Path, shown: str, width: int) -> None:
    """Compare what a terminal shows with a file."""
    if REWRITE:
        file.write_text(shown, encoding="utf-8")
    assert shown == file.read_text("utf-8"), "if this is meant: nox -s golden"
    assert max(map(len, shown.splitlines())) <= width


@pytest.mark.parametrize(
    ("name", "arch", "suite"),
    [
        ("uefi", Arch.ARM64, "trixie"),
        ("uefi", Arch.ARMHF, "trixie"),
        ("uefi", Arch.I386, "bookworm"),
        ("uefi", Arch.RISCV64, "trixie"),
        ("ci_worker", Arch.ARM64, "trixie"),
        ("ci_worker", Arch.PPC64EL, "trixie"),
    ],
)
def test_what_differs_on_other_architectures(name: str, arch: Arch, suite: str) -> None:
    recipe = FOLDER / f"{name}.py"
    before, after = (
        without_lines(describe(plan_of(recipe, name, arch=one, suite=Suite(suite))))
        for one in (Arch.AMD64, arch)
    )
    console = Console(file=io.StringIO(), width=100, highlight=False)
    show("amd64", arch, compare(before, after), console)
    assert isinstance(console.file, io.StringIO)
    compare_with(HERE / f"{name}-{arch}.txt", console.file.getvalue(), console.width)


@pytest.fixture(params=[80, 120])
def terminal(request: pytest.FixtureRequest) -> Console:
    return Console(
        file=io.StringIO(),
        width=request.param,
        highlight=False,
        force_terminal=True,
        color_system=None,
    )


def test_a_plan_on_a_terminal(terminal: Console) -> None:
    show_plan(plan_of(FOLDER / "cloud.py", "cloud"), terminal)
    assert isinstance(terminal.file, io.StringIO)
    file = HERE / f"cloud-{terminal.width}.txt"
    compare_with(file, terminal.file.getvalue(), terminal.width)


def test_a_difference_on_a_terminal(terminal: Console) -> None:
    before, after = (
        without_lines(describe(plan_of(FOLDER / f"{name}.py", name)))
        for name in ("hybrid", "cloud")
    )
    show("hybrid.py", "cloud.py", compare(before, after), terminal)
    assert isinstance(terminal.file, io.StringIO)
    file = HERE / f"hybrid-to-cloud-{terminal.width}.txt"
    compare_with(file, terminal.file.getvalue(), terminal.width)
