"""debootstrap and apt: the commands that they run, on a tree that only writes them down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from vmdsl import Arch, Mounted, RootFs, apt, debootstrap
from vmdsl.language import bootstrap
from vmdsl.language.bootstrap import Apt, Debootstrap, archive_date
from vmdsl.language.recording import Recorder, Refused

RELEASE = "Origin: Debian\nDate: {}\nAcquire-By-Hash: yes\n"
FIRST, SECOND = "Sat, 09 Aug 2025 09:23:45 UTC", "Sun, 10 Aug 2025 00:00:00 UTC"
FIRST_SECONDS, SECOND_SECONDS = 1754731425, 1754784000


@dataclass
class RecordedTree:
    """A Tree that writes down what is asked of it. `answers` are those of functions run inside."""

    path: Path
    scratch: Path
    answers: dict[Callable[..., Any], Any] = field(default_factory=dict)
    calls: list[tuple[str, ...]] = field(default_factory=list)
    environments: list[Mapping[str, str]] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    epoch: int = 0

    def run(self, *command: str, env: Mapping[str, str] | None = None) -> None:
        self.calls.append(("run", *command))
        self.environments.append(env or {})
        if str(self.scratch / "index") in command:  # as mmdebstrap does, with the index alone
            lists = self.scratch / "index/var/lib/apt/lists"
            lists.mkdir(parents=True)
            (lists / "a_InRelease").write_text(RELEASE.format(FIRST), encoding="utf-8")

    def chroot(self, *command: str, env: Mapping[str, str] | None = None) -> None:
        self.calls.append(("chroot", *command))
        self.environments.append(env or {})

    def inside(self, function: Callable[..., Any]) -> Any:
        self.calls.append(("inside", getattr(function, "__name__", "partial")))
        return self.answers.get(function)

    def write(self, path: str, content: str, **_: int) -> None:
        self.files[path] = content

    def remove(self, path: str) -> None:
        self.files.pop(path, None)

    def exists(self, path: str) -> bool:
        return path == "/etc/shadow"

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecordedTree:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    (tmp_path / "scratch").mkdir()
    return RecordedTree(path=tmp_path / "tree", scratch=tmp_path / "scratch")


def bootstrapped(recorder: Recorder, tree: RecordedTree) -> tuple[list[str], list[str]]:
    """The two commands that the last debootstrap of the recipe runs."""
    operation = recorder.operations[-1]
    assert isinstance(operation, Debootstrap)
    operation.apply(tree)  # type: ignore[arg-type]
    first, second = ([*c[1:]] for c in tree.calls if c[0] == "run")
    return first, second


def test_plain(recorder: Recorder, root: Mounted[Any], tree: RecordedTree) -> None:
    debootstrap(root, suite="trixie")
    first, second = bootstrapped(recorder, tree)
    assert first[0] == second[0] == "mmdebstrap"
    assert "--variant=custom" in first
    assert first[-2:] == ["trixie", str(tree.scratch / "index")]
    assert "--variant=important" in second
    assert second[-2:] == ["trixie", str(tree.path)]
    for command in (first, second):
        assert "--mode=root" in command
        assert "--architectures=amd64" in command
        assert "--components=main" in command
    assert not any(c.startswith(("--include", "--hook-dir")) for c in second)


def test_index_is_fetched_once_and_its_date_is_the_builds(
    recorder: Recorder, root: Mounted[Any], tree: RecordedTree
) -> None:
    debootstrap(root, suite="trixie")
    _, second = bootstrapped(recorder, tree)
    assert tree.epoch == FIRST_SECONDS
    assert tree.environments[1] == {"SOURCE_DATE_EPOCH": str(FIRST_SECONDS)}
    assert "--skip=update,cleanup/apt/lists" in second
    lists = tree.scratch / "index/var/lib/apt/lists"
    assert f'--setup-hook=cp -r {lists}/. "$1/var/lib/apt/lists/"' in second


def test_nothing_of_this_machine_stays(
    recorder: Recorder, root: Mounted[Any], tree: RecordedTree
) -> None:
    tree.files = {"/etc/resolv.conf": "mine", "/etc/hostname": "mine", "/etc/machine-id": "mine"}
    debootstrap(root, suite="trixie")
    bootstrapped(recorder, tree)
    assert tree.files == {"/etc/hostname": "localhost\n", "/etc/machine-id": ""}


def test_everything(recorder: Recorder, root: Mounted[Any], tree: RecordedTree) -> None:
    debootstrap(
        root,
        suite="bookworm",
        arch=Arch.I386,
        mirror="file:///srv/mirror",
        components=["main", "contrib"],
        variant="minbase",
        include=["curl", "vim"],
    )
    first, second = bootstrapped(recorder, tree)
    for command in (first, second):
        assert command[-1] == "file:///srv/mirror"
        assert "--architectures=i386" in command
        assert "--components=main,contrib" in command
    assert "--variant=minbase" in second
    assert "--include=curl,vim" in second
    assert any(c.startswith("--hook-dir=") for c in second)


@pytest.mark.parametrize(
    ("arguments", "includes"),
    [
        (
            {"variant": "minbase", "exclude": ["vim"]},
            ["curl", "?and(?priority(required),?not(?exact-name(vim)))"],
        ),
        (
            {"variant": "standard", "exclude": ["vim", "nano"]},
            [
                "curl",
                *(
                    f"?and(?priority({p}),?not(?or(?exact-name(vim),?exact-name(nano))))"
                    for p in ("required", "important", "standard")
                ),
            ],
        ),
    ],
)
def test_exclude(
    recorder: Recorder,
    root: Mounted[Any],
    tree: RecordedTree,
    arguments: Any,
    includes: list[str],
) -> None:
    debootstrap(root, suite="trixie", include=["curl"], **arguments)
    _, second = bootstrapped(recorder, tree)
    assert "--variant=apt" in second
    assert [c.removeprefix("--include=") for c in second if c.startswith("--include")] == includes


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"include": "curl"}, "include= is one text"),
        ({"exclude": "curl"}, "exclude= is one text"),
        ({"components": "main"}, "components= is one text"),
        ({"include": ["Curl"]}, "'Curl' is not the name of a package"),
        ({"exclude": ["curl vim"]}, "'curl vim' is not the name of a package"),
        ({"include": ["--force"]}, "'--force' is not the name"),
        ({"suite": "a b"}, "'a b' is not the name of a suite"),
        ({"variant": "tiny"}, "variant='tiny' is not known"),
    ],
)
def test_refused(recorder: Recorder, root: Mounted[Any], arguments: Any, what: str) -> None:
    before = list(recorder.operations)
    with pytest.raises(Refused):
        debootstrap(root, **{"suite": "trixie", **arguments})
    assert [what in p.what for p in recorder.problems] == [True]
    assert recorder.operations == before


def installed(recorder: Recorder, tree: RecordedTree) -> list[tuple[str, ...]]:
    operation = recorder.operations[-1]
    assert isinstance(operation, Apt)
    operation.apply(tree)  # type: ignore[arg-type]
    return tree.calls


def test_apt_with_a_current_index(recorder: Recorder, system: RootFs, tree: RecordedTree) -> None:
    tree.answers = {
        bootstrap._index_is_current: True,
        bootstrap._kernels_without_initramfs: ["6.12.1-amd64"],
    }
    apt(system, "curl", "vim=2:9.1", "linux-image-amd64/trixie-backports", "libc6:i386")
    calls = installed(recorder, tree)
    commands = [c[1:] for c in calls if c[0] == "chroot"]
    install, clean, initramfs = commands
    assert install[0] == "apt-get"
    assert install[install.index("install") :] == (
        "install",
        "--install-recommends",
        "curl",
        "vim=2:9.1",
        "linux-image-amd64/trixie-backports",
        "libc6:i386",
    )
    assert clean == ("apt-get", "clean")
    assert "update-initramfs -c -k" in " ".join(initramfs)
    assert initramfs[-1] == "6.12.1-amd64"


def test_apt_asks_nothing_and_makes_no_initramfs_meanwhile(
    recorder: Recorder, system: RootFs, tree: RecordedTree
) -> None:
    tree.answers = {bootstrap._index_is_current: True, bootstrap._kernels_without_initramfs: []}
    apt(system, "curl", recommends=False)
    calls = installed(recorder, tree)
    assert "--no-install-recommends" in calls[1]
    assert "--install-recommends" not in calls[1]
    assert tree.environments[0]["DEBIAN_FRONTEND"] == "noninteractive"
    assert tree.environments[0]["INITRD"] == "No"


def test_apt_after_the_sources_have_changed(
    recorder: Recorder, system: RootFs, tree: RecordedTree
) -> None:
    tree.answers = {bootstrap._index_is_current: False, bootstrap._kernels_without_initramfs: []}
    apt(system, "curl")
    calls = installed(recorder, tree)
    assert calls[1] == ("chroot", "apt-get", "-q", "update")
    assert calls[2] == ("inside", "_note_sources")
    assert "install" in calls[3]


@pytest.mark.parametrize("names", [(), ("curl vim",), ("",), ("-y",), ("a;b",), ("Curl",)])
def test_apt_refused(recorder: Recorder, system: RootFs, names: tuple[str, ...]) -> None:
    with pytest.raises(Refused):
        apt(system, *names)
    assert len(recorder.problems) == 1


def test_archive_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest of all indexes, whatever files they came as."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    (tmp_path / "a_dists_trixie_InRelease").write_text(RELEASE.format(FIRST), encoding="utf-8")
    (tmp_path / "a_dists_trixie_main_Packages").write_text("Date: nonsense", encoding="utf-8")
    assert archive_date(tmp_path) == FIRST_SECONDS
    (tmp_path / "b_dists_updates_Release").write_text(RELEASE.format(SECOND), encoding="utf-8")
    assert archive_date(tmp_path) == SECOND_SECONDS


def test_archive_date_without_an_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    with pytest.raises(ValueError, match="empty"):
        archive_date(tmp_path)


def test_environment_has_the_last_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    assert archive_date(tmp_path) == 1
