"""The checks that every change must pass: `./bootstrap nox -s tests`.

No session makes an environment: all use the one that ./bootstrap made.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import nox

nox.needs_version = ">=2024.4"
nox.options.default_venv_backend = "none"
nox.options.sessions = ["tests"]


#: Processes that run tests: one more than CI has processors, for while others wait.
_PROCESSES = ("-n", "3")
#: How long pytest may take to remove a run's users when the run is interrupted, in seconds.
_TO_CLEAN_UP = 120.0


@nox.session
def tests(session: nox.Session) -> None:
    """Style, types, and all tests but those of `everything`. Arguments after -- go to pytest."""
    if session.posargs:
        lint(session)
        run_tests(session, "pytest", "--durations=25", *session.posargs)
        return
    style(session)
    with measured(session) as pytest:  # a test of them has mypy check the types
        run_tests(session, *pytest, "--durations=25", *_PROCESSES)


@nox.session
def everything(session: nox.Session) -> None:
    """The tests, and what takes too long for each change: what is marked `long`, and `fuzz`.

    `long` are more random edits of recipes whose layers are cached, and builds that are killed at
    more moments.
    """
    tests(session)
    run_tests(session, "pytest", "-m", "long", *_PROCESSES)
    fuzz(session)


def run_tests(session: nox.Session, *command: str) -> None:
    """Run pytest, which has time to clean up when it is interrupted.

    Its many processes load compiled code, also where PYTHONDONTWRITEBYTECODE is set.
    """
    session.run("python", "-m", "compileall", "-q", "vmdsl", "stdlib")
    session.run(*command, interrupt_timeout=_TO_CLEAN_UP)


@contextmanager
def measured(session: nox.Session) -> Iterator[list[str]]:
    """A pytest that notes which lines run, also those of other users; then say how many did.

    The counts of tests come after that.
    """
    with TemporaryDirectory(prefix="vmdsl-coverage-") as folder:
        Path(folder).chmod(0o1777)
        counts, saved = Path(folder, "counts"), Path(folder, "saved")  # see tests/measured.py
        saved.write_bytes(bytes(2**24))
        saved.chmod(0o666)
        session.env.update(COVERAGE_FILE=f"{folder}/.coverage", VMDSL_TEST_COUNTS=str(counts))
        yield ["coverage", "run", "-m", "pytest"]
        del session.env["COVERAGE_FILE"], session.env["VMDSL_TEST_COUNTS"]
        session.run("coverage", "combine", "-q", folder)
        session.run("coverage", "report")
        session.log(counts.read_text(encoding="utf-8"))


@nox.session
def lint(session: nox.Session) -> None:
    """Style and types."""
    style(session)
    session.run("mypy")


def style(session: nox.Session) -> None:
    """Check the style, which takes a moment."""
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def unit(session: nox.Session) -> None:
    """The tests that build no image, in seconds. Arguments after -- go to pytest."""
    session.run("pytest", "-m", "not integration", "--ignore=tests/integration", *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """The property tests, long and at random. Arguments after -- go to pytest."""
    session.run(
        "pytest",
        "-m",
        "hypothesis",
        "--ignore=tests/integration",
        "--hypothesis-profile=fuzz",
        *session.posargs,
    )


@nox.session
def golden(session: nox.Session) -> None:
    """Write plans, cases, the reference, the manual and reports anew; then look at the diff."""
    session.run(
        "pytest",
        "-q",
        "tests/golden",
        "tests/cases",
        "tests/docs/test_reference.py",
        "tests/docs/test_manual.py",
        "tests/typing/test_reports.py",
        env={"VMDSL_GOLDEN": "rewrite"},
    )


@nox.session
def versions(session: nox.Session) -> None:
    """Test the wheel with the lowest and the newest versions of what it needs, from PyPI."""
    with TemporaryDirectory(prefix="vmdsl-versions-") as folder:
        pip = ("-m", "pip", "--quiet", "--disable-pip-version-check")
        session.run("python", *pip, "wheel", "--no-deps", f"--wheel-dir={folder}", ".")
        (wheel,) = Path(folder).glob("*.whl")
        for name, pinned in (("lowest", lowest_versions()), ("newest", [])):
            there = Path(folder, name)
            session.run("python", "-m", "venv", str(there))
            python, path = str(there / "bin/python"), f"{there / 'bin'}:{os.environ['PATH']}"
            session.run(python, *pip, "install", f"{wheel}[dev]", *pinned, external=True)
            session.run(python, *pip, "list", external=True)
            folders = (Path("recipes"), Path("recipes/ports"))
            recipes = sorted(str(path) for folder in folders for path in folder.glob("*.py"))
            session.run(str(there / "bin/vmdsl"), "check", *recipes, external=True)
            texts = ("tests/typing", "tests/docs", "tests/unit/cli", "tests/unit/plan")
            words = (str(there / "bin/pytest"), *_PROCESSES, "-m", "not integration", *texts)
            session.run(*words, env={"PATH": path}, external=True)


def lowest_versions() -> list[str]:
    """Return the lowest version that pyproject.toml allows of each package, as pip has it."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [re.sub(r">=([^,]+),.*", r"==\1", needed) for needed in project["dependencies"]]


@nox.session
def bench(session: nox.Session) -> None:
    """Measure vmdsl and vmdb2 side by side, as root. Arguments after --: --quick, --runs 5."""
    session.run("python", "-m", "bench", *session.posargs, env={"PYTHONPATH": "tests"})
