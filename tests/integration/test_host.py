"""The checks on the machine that runs the tests, which must be able to build."""

import sys
from pathlib import Path

import pytest

from vmdsl import programs
from vmdsl.host.checks import check_host, require_host
from vmdsl.host.probe import NO_PROC, try_sandbox

pytestmark = pytest.mark.integration


def test_this_machine_can_build_and_the_check_leaves_nothing_behind(tmp_path: Path) -> None:
    assert [r.problem for r in check_host(tmp_path) if r.problem and r.fatal] == []
    assert list(tmp_path.iterdir()) == []


def test_a_build_asks_by_two_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[programs.Finished] = []
    monkeypatch.setattr(programs, "observers", [ran.append])
    require_host(tmp_path)
    assert [done.argv[0] for done in ran] == ["unshare"] * 2


def test_a_cache_that_cannot_be_made(tmp_path: Path) -> None:
    assert try_sandbox(Path("/proc/self/vmdsl"), whole_range=False).cache_error
    assert not try_sandbox(tmp_path, whole_range=False).cache_error


def test_the_environment_of_the_user_changes_no_probe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSIXLY_CORRECT", "1")
    assert [r.problem for r in check_host(tmp_path) if r.problem and r.fatal] == []


def test_a_proc_with_hidden_parts_is_noticed(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from vmdsl.host.probe import try_sandbox;"
        "print(try_sandbox(Path(sys.argv[1]), whole_range=False).code)"
    )
    hide = 'mount -t tmpfs tmpfs /proc/driver && exec "$@"'
    unshare = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", hide, "sh")
    done = programs.run((*unshare, sys.executable, "-c", script, str(tmp_path)))
    assert done.output == f"{NO_PROC}\n"
