"""Owners that are beyond a user's range of ids: who is one, and the command that lengthens it."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from vmdsl import Arch, RootFs, Suite
from vmdsl.builder.tree import owners
from vmdsl.builder.tree.owners import Ids, check_homes, explained, explained_command, require_owners
from vmdsl.errors import BuildError, CommandError, HostError, OwnerError, Problem, Where
from vmdsl.language.operation import Origin
from vmdsl.operations.files.directories import CreateDirectory
from vmdsl.operations.scripts.shells import Chroot

RANGES = "ann:100000:65536\nbob:400000:65536\n"
ANN = Ids(user="ann", subuid=RANGES, subgid=RANGES)
ORIGIN = Origin("last", Where(Path("recipe.py"), 7), Path())
LONGER = "as root: usermod --del-subuids 100000-165535 --add-subuids 100000-362143"


def test_the_command_lengthens_the_range_where_it_is() -> None:
    assert ANN.how_to_get(200_000) == (
        f"{LONGER} --del-subgids 100000-165535 --add-subgids 100000-362143 ann"
    )


def test_the_command_names_another_place_if_somebody_has_what_follows() -> None:
    hint = ANN.how_to_get(300_000)
    assert hint.startswith("vmdsl cache clear, ")
    assert "--add-subuids 465536-793215" in hint


def test_a_range_that_cannot_be_has_no_command() -> None:
    assert ANN.how_to_get(4_294_900_000).startswith("choose a number below 65536")


def test_root_needs_a_larger_container() -> None:
    assert "0 to 70000" in Ids(user="root", subuid="", subgid="").how_to_get(70_000)


@pytest.fixture
def ann(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1001)
    monkeypatch.setattr(Ids, "of", classmethod(lambda _cls, _uid: ANN))


def system() -> RootFs:
    return RootFs(mounted=None, suite=Suite("bookworm"), arch=Arch.AMD64)  # type: ignore[arg-type]


def directory(**owner: int | str) -> CreateDirectory:
    known = {"uid": 0, "gid": 0, **owner}
    return CreateDirectory(_origin=ORIGIN, root=system(), path="/srv", mode=0o755, **known)  # type: ignore[arg-type]


def script(text: str) -> Chroot:
    return Chroot(_origin=ORIGIN, root=system(), script=text, secrets={})


@pytest.mark.usefixtures("ann")
def test_all_operations_with_such_an_owner_are_named() -> None:
    wrong = [directory(uid=200_000), directory(gid=70_000), directory(uid="www-data")]
    home = script("useradd -m -u 200000 x")
    with pytest.raises(HostError) as caught:
        require_owners([*wrong, home, directory(uid=65_535)])
    first, second = caught.value.problems  # the call that makes two has one report
    assert first.what == "no file can belong to 200000 here: your range of ids has 65536"
    assert first.about == "uid"
    assert "--add-subuids 100000-362143" in first.hint
    assert second.about == "gid"


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("id x >/dev/null 2>&1 || useradd --create-home --user-group --uid 200000 x\n", True),
        ("useradd -m -u 200000 x", True),
        ("useradd -mu 200000 x", True),
        ("useradd -u 200000 x", False),
        ("useradd -m x", False),
        ("useradd -m -u 1000 x", False),
        ("if [ -e /x ]; then\nuseradd -m -u 200000 x\nfi", False),
        ("chown 200000 /x || true", True),
        ("cd /\nchown -R 0:200000 x 2>/dev/null || :", True),
        ("chown 200000 /x", False),
        ("chown 1000:1000 /x || true", False),
        ("if true; then\nchown 200000 /x || true\nfi", False),
        ("cat >/first-boot <<E\nuseradd -m -u 200000 x\nE", False),
    ],
)
def test_owners_that_a_build_would_not_find(text: str, *, known: bool) -> None:
    if known:
        with pytest.raises(HostError):
            require_owners([script(text)])
    else:
        require_owners([script(text)])


@pytest.mark.usefixtures("ann")
def test_the_error_of_a_file_has_the_command() -> None:
    error = pickle.loads(pickle.dumps(OwnerError("no", ids=(0, 200_000))))  # noqa: S301 (it is ours)
    assert isinstance(error, OwnerError)
    (problem,) = explained(error).problems
    assert problem.hint.startswith(LONGER)


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize(
    "said",
    [
        "chown: changing ownership of '/x': Invalid argument",
        "tar: ./x: Cannot change ownership to uid 200000, gid 200000: Invalid argument",
        "dpkg: error: error setting ownership of './x': Invalid argument",
        "install: cannot change ownership of '/x': Invalid argument",
    ],
)
def test_a_command_that_could_not_change_an_owner(said: str) -> None:
    error = CommandError(Problem(what="failed", hint=said), output=said)
    better = explained_command(error, ["sh", "-ec", "chown 200000 /x"])
    assert better.problems[0].hint.startswith(f"{said}\nowners from 65536 on")
    assert LONGER in better.problems[0].hint
    assert better.output == said


def test_a_command_that_failed_for_another_reason() -> None:
    error = CommandError(Problem(what="failed"), output="mount: Invalid argument\nchown: no such")
    assert explained_command(error, ["sh"]) is error


@pytest.mark.usefixtures("ann")
def test_the_home_of_a_new_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owners, "_read", lambda _: "0 1001 1\n1 100000 65535\n")
    (tmp_path / "etc").mkdir()
    (tmp_path / "home/ann").mkdir(parents=True)
    passwd = tmp_path / "etc/passwd"
    passwd.write_text(
        "root:x:0:0::/:/bin/sh\nfar:x:200000:1::/nowhere:/bin/sh\nann:x:1000:1000::/home/ann:\n"
        "top:x:200000:200000::/:\n",
        encoding="ascii",
    )
    check_homes(tmp_path)
    passwd.write_text("ann:x:200000:1000::/home/ann:/bin/sh\n", encoding="ascii")
    with pytest.raises(BuildError, match=r"/home/ann does not belong to ann: no file .* 200000"):
        check_homes(tmp_path)
