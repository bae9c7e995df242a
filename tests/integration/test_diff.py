"""`vmdsl diff` of git revisions, each read from a worktree of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from translations import ABOVE
from vmdsl.cli.main import run
from vmdsl.errors import UsageError
from vmdsl.review.revisions import checked_out

pytestmark = pytest.mark.integration

RECIPE = """
from vmdsl import *
from sizes import size

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkgpt(mkimg(GiB(size))))))
"""


def git(*words: str) -> str:
    settings = ("-c", "user.name=a", "-c", "user.email=a@vm.example", "-c", "commit.gpgsign=false")
    return subprocess.run(
        ["git", *settings, *words], check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose first revision has a smaller image, by a module beside the recipe."""
    monkeypatch.setattr(sys, "path", sys.path[:])
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet", "--initial-branch=main", "here")
    monkeypatch.chdir(tmp_path / "here")
    Path("recipes").mkdir()
    Path("recipes/pc.py").write_text(RECIPE)
    Path("recipes/sizes.py").write_text("size = 2\n")
    git("add", ".")
    git("commit", "--quiet", "-m", "one")
    Path("recipes/sizes.py").write_text("size = 3\n")
    hook = Path(".git/hooks/post-checkout")
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'size = 9' >recipes/sizes.py\n")
    hook.chmod(0o755)
    return tmp_path


def nothing_is_left(repository: Path) -> bool:
    worktrees = git("-C", str(repository / "here"), "worktree", "list").splitlines()
    return len(worktrees) == 1 and not list((repository / "tmp").iterdir())


def test_a_revision_and_the_file_of_now(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["diff", "main:recipes/pc.py", "main:recipes/pc.py"]) == 0
    assert run(["diff", "HEAD:recipes/pc.py", "recipes/pc.py"]) == 2
    out, err = capsys.readouterr()
    assert out.startswith("--- HEAD:recipes/pc.py\n+++ recipes/pc.py\n")
    assert "  root: image of 2 GiB → image of 3 GiB\n" in out
    assert err == ""
    assert nothing_is_left(repository)


def test_specifications_have_revisions_too(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whose local files are those of the current directory, as vmdb2 has it."""
    specification = Path("spec.vmdb")
    specification.write_text(f"steps:\n{ABOVE['root']}")
    git("add", ".")
    git("commit", "--quiet", "-m", "two")
    specification.write_text(specification.read_text().replace("ext4", "ext3"))
    assert run(["diff", "main:spec.vmdb", "main:spec.vmdb"]) == 0
    assert run(["diff", "main:spec.vmdb", "spec.vmdb"]) == 2
    out, err = capsys.readouterr()
    assert out.startswith("--- main:spec.vmdb\n+++ spec.vmdb\n\nFilesystems\n")
    assert "ext4 on" in out
    assert err == ""
    assert nothing_is_left(repository)


def test_plans_have_revisions_too(repository: Path) -> None:
    plan = Path("recipes/pc.plan")
    plan.write_text("Plan of pc.py\n")
    git("add", ".")
    git("commit", "--quiet", "-m", "two")
    plan.write_text("Plan of pc.py\n\nOptions\n  size: 1 (default)\n")
    assert run(["diff", "main:recipes/pc.plan", "recipes/pc.plan"]) == 2
    assert nothing_is_left(repository)


@pytest.mark.parametrize(
    ("revision", "path", "message"),
    [
        ("mian", "recipes/pc.py", "git knows no revision mian"),
        ("--all", "recipes/pc.py", "git knows no revision --all"),
        ("main", "recipes/cp.py", r"main has no file recipes/cp\.py"),
        ("main", "../pc.py", "is not in the repository"),
        ("main", "/etc/passwd", "is not in the repository"),
    ],
)
def test_what_is_not_there(revision: str, path: str, message: str, repository: Path) -> None:
    with pytest.raises(UsageError, match=message), checked_out(revision, path):
        pass
    assert nothing_is_left(repository)


def test_paths_from_here(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("recipes")
    with checked_out("main", "./pc.py") as file:
        assert file.read_text() == RECIPE
        assert file.with_name("sizes.py").read_text() == "size = 2\n"
    with pytest.raises(UsageError) as refused, checked_out("main", "pc.py"):
        pass
    assert refused.value.problems[0].hint == "from here: main:./pc.py"
    assert nothing_is_left(repository)


def test_in_a_hook(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There git says where its index is, which a worktree must not use."""
    index = Path(".git/index").absolute()
    before = index.stat().st_mtime_ns
    monkeypatch.setenv("GIT_DIR", str(index.parent))
    monkeypatch.setenv("GIT_INDEX_FILE", str(index))
    with checked_out("main", "recipes/pc.py") as file:
        assert file.is_file()
    assert index.stat().st_mtime_ns == before
    monkeypatch.delenv("GIT_DIR")
    monkeypatch.delenv("GIT_INDEX_FILE")
    assert nothing_is_left(repository)


def test_outside_of_a_repository(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(repository)
    assert run(["diff", "main:recipes/pc.py", "here/recipes/pc.py"]) == 1
    assert "git: not a git repository" in capsys.readouterr().err
