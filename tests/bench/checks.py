"""What a check takes: of a recipe with 60 steps beside mypy alone, and of 10,000 steps."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.sides import timed
from bench.table import Row

MANY = 10_000
FEW = 1_000
ROWS = (
    Row(what="vmdsl check of 60 steps, cold", ours="check, cold", theirs="mypy, cold", most=1.5),
    Row(what="vmdsl check of 60 steps, warm", ours="check, warm", theirs="mypy, warm", most=3.0),
    Row(
        what="reading and evaluating 10,000 steps",
        ours="10,000 steps",
        theirs="ten times 1,000 steps",
        most=1.5,
    ),
    Row(
        what="and checking the plan",
        ours="10,000 steps, checked",
        theirs="ten times 1,000 steps, checked",
        most=1.5,
    ),
)
_HEAD = '''\
"""A recipe with many steps."""

from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    Mounted,
    RootFs,
    apt,
    chroot,
    create_directory,
    create_file,
    debootstrap,
    fstab,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mount,
    step,
)


@step
def disk() -> Disk:
    return mkimg(size=GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step
def mounts() -> None:
    fstab(system())
'''
_STEPS = (
    'apt(system(), "package-{0}")',
    'create_directory(system(), "/srv/{0}")',
    'create_file(system(), "/srv/{0}/name", "{0}\\n")',
    'chroot(system(), "chown --recursive www-data: /srv/{0}")',
)
#: Prints how long the processor took to read and evaluate, and to check the plan besides. mypy
#: does not run.
_EVALUATION = """\
import sys, time
from pathlib import Path
from vmdsl.plan.evaluate import evaluate
from vmdsl.plan.lay_out import lay_out
from vmdsl.plan.load import load
from vmdsl.plan.rules.check import check, check_layout

started = time.process_time()
recipe = load(Path(sys.argv[1]))
evaluated = evaluate(recipe, {})
read = time.process_time() - started
layout, _ = lay_out(evaluated.operations, recipe=recipe.name, seed="")
problems = [*recipe.problems, *evaluated.problems, *check(evaluated.operations, recipe.path)]
assert layout and not [*problems, *check_layout(evaluated.operations, layout)]
print(read, time.process_time() - started)
"""


def recipe_of(steps: int) -> str:
    """A recipe with so many steps: those of each system, and others of four kinds in turn."""
    more = range(steps - _HEAD.count("@step"))
    each = (f"def part_{n}() -> None:\n    {_STEPS[n % 4].format(n - n % 4)}\n" for n in more)
    return "".join((_HEAD, *(f"\n\n@step\n{text}" for text in each)))


def measure(runs: int, say: Callable[[str], None]) -> Mapping[str, Sequence[float]]:
    """Measure everything `runs` times, by this Python, in a folder that is removed."""
    found: dict[str, list[float]] = defaultdict(list)

    def note(name: str, seconds: float) -> None:
        say(f"{name}: {seconds:.2f} s")
        found[name].append(seconds)

    with TemporaryDirectory(prefix="vmdsl-bench-") as name:
        folder = Path(name)
        recipe = folder / "recipe.py"
        recipe.write_text(recipe_of(60), encoding="utf-8")
        tools = Path(sys.executable).parent
        check = (tools / "vmdsl", "check", recipe, "--cache-dir", folder / "cache")
        mypy = (tools / "mypy", "--cache-dir", folder / "mypy", recipe)
        for _ in range(runs):
            for state in ("cold", "warm"):
                for program, command in (("check", check), ("mypy", mypy)):
                    if state == "cold":
                        place = folder / ("cache" if program == "check" else "mypy")
                        shutil.rmtree(place, ignore_errors=True)
                    note(f"{program}, {state}", timed(command, cwd=folder))
            few, few_checked = evaluation(FEW, folder)
            many, many_checked = evaluation(MANY, folder)
            note("10,000 steps", many)
            note("ten times 1,000 steps", 10 * few)
            note("10,000 steps, checked", many_checked)
            note("ten times 1,000 steps, checked", 10 * few_checked)
    return found


def evaluation(steps: int, folder: Path) -> tuple[float, float]:
    """The seconds that reading and evaluating take, and those with the checks of the plan."""
    recipe = folder / f"of_{steps}.py"
    recipe.write_text(recipe_of(steps), encoding="utf-8")
    said = subprocess.run(
        [sys.executable, "-P", "-c", _EVALUATION, recipe],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
    ).stdout
    read, checked = map(float, said.split())
    return read, checked
