from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from vmdsl import MiB, Secret, mkgpt, mkimg, mkluks, mkpart
from vmdsl.builder.secrets import read_secrets
from vmdsl.errors import HostError, Problem, Where
from vmdsl.language.operation import Origin, Recorder, start_recording


@dataclass
class Holder:
    """What holds secrets, as an operation does."""

    field: tuple[Secret, ...]
    _origin: Origin

    def problem(self, what: str, hint: str) -> Problem:
        return Problem(what=what, hint=hint, step="here")


def operation(*secrets: Secret, directory: Path = Path("/nowhere")) -> Any:
    return Holder(secrets, Origin("here", Where(directory / "recipe.py"), directory))


def test_what_they_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_bytes(b"\xff line\n\n")
    monkeypatch.setitem(os.environ, "TOKEN", "some value")
    file, variable = Secret.from_file("key"), Secret.from_environment("TOKEN")
    text = Secret.from_text("hüter2")
    values = read_secrets([operation(file, directory=tmp_path), operation(variable, file, text)])
    assert values == {file: b"\xff line\n\n", variable: b"some value", text: "hüter2".encode()}


def test_all_that_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(os.environ, "TOKEN", raising=False)
    monkeypatch.setitem(os.environ, "EMPTY", " ")
    (tmp_path / "folder").mkdir()
    gone = tmp_path / "nowhere"
    wanted = operation(
        Secret.from_file("nowhere"),
        Secret.from_file(tmp_path / "folder"),
        Secret.from_environment("TOKEN"),
        Secret.from_environment("EMPTY"),
        directory=tmp_path,
    )
    with pytest.raises(HostError) as caught:
        read_secrets([wanted, wanted])
    assert [problem.what for problem in caught.value.problems] == [
        f"the file {gone}, which holds a secret, cannot be read: No such file or directory",
        f"the file {tmp_path}/folder, which holds a secret, cannot be read: Is a directory",
        "the variable TOKEN, which holds a secret, is not set",
        "the secret of the variable EMPTY is empty",
    ]
    assert {problem.step for problem in caught.value.problems} == {"here"}


@pytest.mark.parametrize(
    ("value", "what"),
    [(b"\nsecond", "is empty"), (b"\r\n", "is empty"), (b"x" * 512, "has 513 bytes")],
)
def test_a_passphrase_that_nobody_can_type(tmp_path: Path, value: bytes, what: str) -> None:
    """Whether or not something else holds the secret, too."""
    (tmp_path / "key").write_bytes(value + b"!")
    key = Secret.from_file("key")
    recorder = Recorder(tmp_path / "r.py", value_of=id, result_of=id, step="here")
    undo = start_recording(recorder)
    luks = mkluks(mkpart(mkgpt(mkimg(MiB(64)))), key)
    undo()
    with pytest.raises(HostError) as caught:
        read_secrets([operation(key, directory=tmp_path), luks])
    (problem,) = caught.value.problems
    assert what in problem.what


def test_it_never_becomes_text() -> None:
    secret = Secret.from_environment("TOKEN")
    for write in (str, "{}".format, lambda s: f"{s:>9}", lambda s: "%s" % s):  # noqa: UP031
        with pytest.raises(TypeError, match="the variable TOKEN cannot become text"):
            write(secret)
    assert repr([secret]) == "[<secret of the variable TOKEN>]"
    assert repr(Secret.from_text("hunter2")) == "<secret of the recipe's own text>"
