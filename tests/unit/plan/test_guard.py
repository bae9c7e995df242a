from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from vmdsl.language.operation import Recorder, Refused
from vmdsl.plan.evaluate import evaluate
from vmdsl.plan.guard import guarded
from vmdsl.plan.load import load

Write = Callable[[str], Path]


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(recipe=tmp_path / "r.py", value_of=id, result_of=id, step="a")


DEEDS = [
    "Path('x').write_text('x')",
    "open('x', 'a')",
    "os.open('x', os.O_RDWR)",
    "Path('here').unlink()",
    "Path('here').rename('there')",
    "Path('here').chmod(0)",
    "Path('d').mkdir()",
    "Path('empty').rmdir()",
    "Path('l').symlink_to('here')",
    "os.link('here', 'l')",
    "os.truncate('here', 0)",
    "os.utime('here')",
    "shutil.rmtree('empty')",
    "tempfile.mkdtemp()",
    "os.chdir('/')",
    "os.putenv('A', 'b')",
    "os.environ.__setitem__('A', 'b')",
    "os.environ.pop('HOME')",
    "os.kill(1, 0)",
    "socket.socket()",
    "socket.getaddrinfo('localhost', 80)",
    "urllib.request.urlopen('http://127.0.0.1/')",
]


def state(folder: Path) -> dict[Path, tuple[int, ...]]:
    """What a deed could have changed of the files in a folder; reading them changes none of it."""
    found = {path: path.lstat() for path in folder.iterdir()}
    return {
        path: (s.st_mode, s.st_ino, s.st_nlink, s.st_uid, s.st_size, s.st_mtime_ns)
        for path, s in found.items()
    }


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("hidden", [False, True])
def test_deeds_are_refused(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deed: str, *, hidden: bool
) -> None:
    """They are told with their line, and not done, also where the recipe hides the exception."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "here").write_text("content", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    attempt = f"try:\n        {deed}\n    except Exception: pass" if hidden else deed
    path = write(
        "import os, shutil, socket, tempfile, urllib.request\nfrom pathlib import Path\n"
        f"@step\ndef a() -> None:\n    {attempt}\n"
    )
    before = state(tmp_path)
    problems = evaluate(load(path), {}).problems
    assert problems
    for problem in problems:
        assert "while it is read" in problem.what
        assert problem.where is not None
        assert problem.where.line == (7 if hidden else 6)
    assert state(tmp_path) == before
    assert Path.cwd() == tmp_path
    assert "A" not in os.environ
    assert os.environ["HOME"] == str(tmp_path)


@pytest.mark.parametrize(
    "event",
    ["subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty"],
)
def test_programs_are_refused(recorder: Recorder, event: str) -> None:
    """Only the event is raised here: unit tests start no program."""
    with guarded(recorder), pytest.raises(Refused, match="starts a program"):
        sys.audit(event, b"id")
    assert [event in p.what for p in recorder.problems] == [True]


def test_reading_is_allowed(write: Write, tmp_path: Path) -> None:
    (tmp_path / "motd").write_text("Hello", encoding="utf-8")
    path = write(
        """
        import os, json
        from pathlib import Path

        text = (Path(__file__).parent / "motd").read_text()
        names = os.listdir(os.path.dirname(__file__))

        @step
        def disk() -> Disk:
            print(text, file=open(os.devnull, "w"))
            return mkimg(GiB(len(os.environ["PATH"]) and len(text)))
        """
    )
    recipe = load(path)
    assert recipe.problems == ()
    with pytest.warns(ResourceWarning):
        assert evaluate(recipe, {}).problems == ()


def test_import_leaves_no_bytecode(write: Write, tmp_path: Path) -> None:
    (tmp_path / "imported_for_the_first_time.py").write_text("x = 1\n", encoding="utf-8")
    load(write("import imported_for_the_first_time"))
    assert not (tmp_path / "__pycache__").exists()


def test_guard_ends(recorder: Recorder, tmp_path: Path) -> None:
    before = sys.dont_write_bytecode
    with guarded(recorder):
        assert sys.dont_write_bytecode
    (tmp_path / "x").write_text("x", encoding="utf-8")
    assert recorder.problems == []
    assert sys.dont_write_bytecode == before


def test_guard_ends_with_an_exception(recorder: Recorder, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), guarded(recorder):
        raise KeyboardInterrupt
    (tmp_path / "x").write_text("x", encoding="utf-8")
    assert recorder.problems == []
