"""The types of all our code, which mypy checks while other tests run."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from users import REPOSITORY

pytestmark = pytest.mark.integration


def test_mypy_finds_no_mistake() -> None:
    """In all that pyproject.toml names, tests among it. No line of ours runs meanwhile."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-m", "mypy"],
        cwd=REPOSITORY,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
