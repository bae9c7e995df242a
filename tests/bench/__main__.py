"""The command line of the benchmark."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Mapping

from rich.console import Console

from bench import arm64, checks, disks
from bench.content import differences, packages
from bench.costs import Costs
from bench.machine import describe
from bench.rounds import Rounds, resources
from bench.sides import Vmdb2, Vmdsl, made_vmdb2
from bench.table import ROWS, as_markdown, as_table, filled, resource_table, resources_as_markdown
from users import IS_ROOT, REPOSITORY, ordinary_user

PAGE = REPOSITORY / "docs/explanation/performance.md"


def main() -> int:
    """Measure, and print the table, for people and as Markdown."""
    parser = argparse.ArgumentParser(prog="nox -s bench --", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="rounds, of which medians are taken")
    parser.add_argument("--quick", action="store_true", help="one round")
    parser.add_argument("--checks", action="store_true", help="measure checks alone, without root")
    parser.add_argument("--arm64", action="store_true", help="measure builds for arm64 alone")
    parser.add_argument("--disks", action="store_true", help="measure kinds of disks alone")
    parser.add_argument("--write", action="store_true", help=f"put the result into {PAGE.name}")
    arguments = parser.parse_args()
    if not (IS_ROOT or arguments.checks):
        parser.error("vmdb2 needs root, and this makes an ordinary user for vmdsl: run it as root")
    runs = 1 if arguments.quick else arguments.runs
    console = Console()
    parts = {} if arguments.arm64 or arguments.disks else _checks(runs, console)
    if arguments.checks:
        _give(parts, console, write=arguments.write)
        return 0
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM)
    )  # what is made is removed
    with ordinary_user() as user, made_vmdb2() as vmdb2:
        vmdsl = Vmdsl(user=user, cache=user.cache, folder=user.folder("bench"))
        if arguments.arm64:
            parts |= _arm64(vmdsl, vmdb2, runs, console)
        if arguments.disks:
            parts |= _disks(vmdsl, runs, console)
        if arguments.arm64 or arguments.disks:
            _give(parts, console, write=arguments.write)
            return 0
        rounds = Rounds(vmdsl, vmdb2, lambda line: console.print(f"  {line}", highlight=False))
        for number in range(1, runs + 1):
            console.print(f"Round {number} of {runs}")
            rounds.run()
        _compare(vmdsl, vmdb2, console)
        taken = resources(vmdsl)
        facts = describe(vmdsl.folder)
    console.print(as_table(ROWS, rounds.seconds), resource_table(taken))
    tables = as_markdown(ROWS, rounds.seconds, facts, runs) + "\n" + resources_as_markdown(taken)
    parts |= {"tables": tables, "profile": f"```text\n{rounds.profile}```\n"}
    _give(parts, console, write=arguments.write)
    return 0


def _checks(runs: int, console: Console) -> dict[str, str]:
    """Measure checks. Return the part of the page that is about them."""
    console.print("Checks")
    seconds = checks.measure(runs, lambda line: console.print(f"  {line}", highlight=False))
    console.print(as_table(checks.ROWS, seconds, "Check"))
    return {"checks": as_markdown(checks.ROWS, seconds, (), runs, "Check")}


def _arm64(vmdsl: Vmdsl, vmdb2: Vmdb2, runs: int, console: Console) -> dict[str, str]:
    """Measure builds for arm64. Return the part of the page that is about them."""
    costs = Costs(lambda line: console.print(f"  {line}"))
    arm64.measure(vmdsl, vmdb2, runs, costs)
    console.print(as_table(arm64.ROWS, costs.seconds))
    return {"arm64": as_markdown(arm64.ROWS, costs.seconds, (), runs)}


def _disks(vmdsl: Vmdsl, runs: int, console: Console) -> dict[str, str]:
    """Measure kinds of disks. Return the part of the page that is about them."""
    costs = Costs(lambda line: console.print(f"  {line}"))
    disks.measure(vmdsl, runs, costs)
    console.print(as_table(disks.ROWS, costs.seconds, "Disk"))
    return {"disks": as_markdown(disks.ROWS, costs.seconds, (), runs, "Disk")}


def _give(parts: Mapping[str, str], console: Console, *, write: bool) -> None:
    """Put what was measured into the page, or print it."""
    if write:
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), parts), encoding="utf-8")
    else:
        console.print(*parts.values(), sep="\n", highlight=False, markup=False, soft_wrap=True)


def _compare(vmdsl: Vmdsl, vmdb2: Vmdb2, console: Console) -> None:
    """Say whether both images have the same packages."""
    found = differences(packages(vmdsl.image), packages(vmdb2.image))
    console.print("Both images have the same packages." if not found else "The images differ:")
    for line in found:
        console.print(f"  {line}", highlight=False)


if __name__ == "__main__":
    sys.exit(main())
