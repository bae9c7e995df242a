"""The sandbox itself, as the user who runs the tests: root's is made in another way."""

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vmdsl.builder.sandbox import namespaces

pytestmark = pytest.mark.integration

#: Two processes that nothing but a signal ends.
SLEEPERS = """
import subprocess, time
subprocess.Popen(["sleep", "1000"])
print("up", flush=True)
time.sleep(1000)
"""


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with namespaces.start([sys.executable, "-c", SLEEPERS], log=subprocess.DEVNULL) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == b"up\n"
        yield started
        namespaces.end(started)


@pytest.fixture
def all_inside(process: subprocess.Popen[bytes]) -> Iterator[list[int]]:
    """Watches both."""
    (first,) = children(process.pid)
    (second,) = children(first)
    watches = [os.pidfd_open(first), os.pidfd_open(second)]
    yield watches
    for watch in watches:
        os.close(watch)


def children(number: int) -> list[int]:
    found = Path(f"/proc/{number}/task/{number}/children").read_text()
    return [int(child) for child in found.split()]


def have_ended(watches: list[int], *, seconds: float) -> bool:
    return all(select.select([watch], [], [], seconds)[0] for watch in watches)


def test_killing_it_kills_all_that_is_in_it(
    process: subprocess.Popen[bytes], all_inside: list[int]
) -> None:
    process.kill()
    assert have_ended(all_inside, seconds=10)


def test_at_its_end_nothing_of_it_runs(
    process: subprocess.Popen[bytes], all_inside: list[int]
) -> None:
    assert not have_ended(all_inside, seconds=0)
    namespaces.end(process)
    assert have_ended(all_inside, seconds=0)


def test_it_may_be_ended_twice(process: subprocess.Popen[bytes]) -> None:
    namespaces.end(process)
    namespaces.end(process)
    assert process.returncode


def test_a_sandbox_that_cannot_be_made_quotes_the_reason() -> None:
    """The limit is that of a user namespace, so it holds for this one only."""
    python = (
        "import sys, tempfile\n"
        "from vmdsl.builder.sandbox import namespaces\n"
        "with tempfile.TemporaryFile('w+b', buffering=0) as log:\n"
        "    log.write(b'earlier')\n"
        "    namespaces.start(['true'], log=log.fileno())\n"
    )
    limited = 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"'
    done = subprocess.run(
        [
            "unshare",
            "--user",
            "--map-root-user",
            "sh",
            "-c",
            limited,
            "sh",
            sys.executable,
            "-c",
            python,
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    (said,) = [line for line in done.stderr.splitlines() if line.startswith("vmdsl.errors")]
    assert "on this machine: unshare: unshare failed: No space left on device" in said


def test_programs_of_the_tree_see_no_other_processes(user: Any, root_user: Any, base: Any) -> None:
    """A symlink through /proc leads them out of the tree no more than another one."""
    for someone in (user, root_user):
        canary = someone.file(someone.folder("canary") / "canary", "alive")
        done = someone.build(
            someone.checkout / "tests/integration/recipes/program.py",
            *("--output", canary.with_name("program.img"), "--verbose"),
            *("--base", base.tarball, "--canary", canary),
        )
        assert done.returncode == 0, done.stdout
        assert canary.read_text() == "alive"
        assert done.stdout.count("Permission denied") == 4
