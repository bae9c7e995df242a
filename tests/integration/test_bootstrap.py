"""./bootstrap: what it does when all is there, and what it says when packages are missing."""

import os
import shutil
from pathlib import Path

import pytest

from vmdsl import programs
from vmdsl.host.packages import wanted

pytestmark = pytest.mark.integration

REPOSITORY = Path(__file__).parents[2]
TOOLS = (
    *("cat", "dirname", "flock", "id", "mktemp", "readlink", "rm", "sed", "sh", "sha256sum"),
    "sleep",
)


def bootstrap(*arguments: str, cwd: Path) -> programs.Finished:
    return programs.run((str(REPOSITORY / "bootstrap"), *arguments), cwd=cwd)


def test_without_a_command_it_says_how_to_use_it(tmp_path: Path) -> None:
    done = bootstrap(cwd=tmp_path)
    assert done.code == 2
    assert done.output.startswith("usage: ./bootstrap COMMAND")


def test_a_second_run_is_silent_and_leaves_the_command_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("relative\n", encoding="utf-8")
    bootstrap("true", cwd=tmp_path)
    done = bootstrap("sh", "-c", 'cat mine; command -v nox; echo "$1"; exit 9', "sh", "a  b",
                     cwd=tmp_path)  # fmt: skip
    assert done.output == f"relative\n{REPOSITORY}/.venv/bin/nox\na  b\n"
    assert done.code == 9


def stub(folder: Path, name: str, script: str) -> None:
    file = folder / name
    file.unlink(missing_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(0o755)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A copy of what ./bootstrap reads, and a PATH for an ordinary user of a bare Debian."""
    for name in ("bootstrap", "pyproject.toml", "vmdsl/host/packages.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, tmp_path / name)
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        found = programs.find(tool)
        assert found
        (tmp_path / "bin" / tool).symlink_to(found)
    stub(tmp_path / "bin", "id", "echo 1000")
    stub(tmp_path / "bin", "dpkg-query", "printf 'mount=installed git=config-files '")
    return tmp_path


def run_bare(bare: Path, *command: str) -> programs.Finished:
    env = {**os.environ, "PATH": str(bare / "bin")}
    words = command or ("sh", "-c", "echo ran")
    return programs.run((str(bare / "bootstrap"), *words), env=env)


def test_without_sudo_it_says_what_to_run(bare: Path) -> None:
    done = run_bare(bare)
    assert done.code == 4
    assert done.output.count("\n") == 1
    command = done.output.partition("Run as root: ")[2].split()
    assert command[:6] == ["apt-get", "update", "&&", "apt-get", "install", "--yes"]
    assert "git" in command
    assert "mount" not in command


def test_what_sudo_said_is_shown_when_it_fails(bare: Path) -> None:
    stub(bare / "bin", "sudo", f'echo "$@" >{bare}/asked; echo "no such luck"; exit 1')
    done = run_bare(bare)
    assert done.code == 4
    assert "no such luck" in done.output
    assert "ran" not in done.output.splitlines()
    asked = (bare / "asked").read_text(encoding="utf-8")
    assert asked.startswith("sh -c apt-get update")
    assert "--no-install-recommends" in asked


def test_vmdsl_alone_needs_no_packages_of_the_tests(bare: Path) -> None:
    done = run_bare(bare, "vmdsl", "doctor")
    named = done.output.partition("--no-install-recommends")[2].split()
    assert set(named) == {"python3-venv", *wanted("build"), *wanted("boot")} - {"mount"}


def test_it_says_how_large_the_packages_are_and_that_it_goes_on(bare: Path) -> None:
    said = """Need to get 41.2 MB/90.1 MB of archives.
After this operation, 201 MB of additional disk space will be used.
Unpacking ovmf (1) ..."""
    (bare / "said").write_text(said, encoding="utf-8")
    stub(bare / "bin", "sudo", f"cat {bare}/said; sleep 2; exit 1")
    text = (bare / "bootstrap").read_text(encoding="utf-8")
    (bare / "bootstrap").write_text(text.replace("patience=10", "patience=1"), encoding="utf-8")
    lines = run_bare(bare, "vmdsl", "doctor").output.splitlines()
    assert lines[0].startswith("bootstrap: installing packages for builds and boots: ")
    assert lines[1:3] == [
        "bootstrap: 41.2 MB/90.1 MB to download, 201 MB on the disk",
        "bootstrap:   after 1 s: Unpacking ovmf (1) ...",
    ]


def test_without_dpkg_it_says_so(bare: Path) -> None:
    (bare / "bin/dpkg-query").unlink()
    done = run_bare(bare)
    assert done.code == 4
    assert "dpkg-query" in done.output
