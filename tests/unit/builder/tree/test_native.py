"""Programs of this machine in place of emulated ones: which ones, and by which rules."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from vmdsl.builder.tree import native, native_rules
from vmdsl.builder.tree.native import NativePrograms
from vmdsl.builder.tree.native_rules import make_rules, remove_rules
from vmdsl.errors import VmdslError
from vmdsl.machines import Arch


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "binfmt_misc"
    place.mkdir()
    monkeypatch.setattr(native_rules, "RULES", place)
    monkeypatch.setattr(native, "RULES", SimpleNamespace(is_mount=lambda: True))
    return place


def program(number: int) -> bytes:
    """An ELF file whose header says where its sections are, as that of each program."""
    return b"\x7fELF" + bytes([number]) * 300


def tree_with(folder: Path, files: dict[str, bytes]) -> Path:
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


def scripts_for(folder: Path, *names: str) -> Path:
    return tree_with(folder, {f"run/{name}": b"#!" for name in names})


def test_a_rule_knows_a_program_by_its_first_bytes(tmp_path: Path, rules: Path) -> None:
    tree = tree_with(tmp_path / "tree", {"usr/bin/cp": program(1), "usr/bin/uname": program(2)})
    make_rules(tree, scripts_for(tmp_path / "place", "cp", "sed"))
    made = (rules / "register").read_text()
    start = "".join(f"\\x{byte:02x}" for byte in program(1)[:250])
    assert made == f":vmdsl-native-cp:M::{start}::/dev/vmdsl-native/run/cp:P"


def test_a_program_that_begins_as_another_one_stays_emulated(tmp_path: Path, rules: Path) -> None:
    files = {"usr/bin/cp": program(1), "usr/bin/mv": program(1) + b"more"}
    make_rules(tree_with(tmp_path / "tree", files), scripts_for(tmp_path / "place", "cp", "mv"))
    assert not (rules / "register").exists()


def test_another_name_of_a_program_is_no_obstacle(tmp_path: Path, rules: Path) -> None:
    tree = tree_with(tmp_path / "tree", {"usr/sbin/kmod": program(1)})
    (tree / "usr/sbin/depmod").symlink_to("kmod")
    (tree / "usr/sbin/modprobe").hardlink_to(tree / "usr/sbin/kmod")
    (tree / "sbin").symlink_to("usr/sbin")
    make_rules(tree, scripts_for(tmp_path / "place", "kmod"))
    assert (rules / "register").read_text().startswith(":vmdsl-native-kmod:")


def test_scripts_stay_scripts(tmp_path: Path, rules: Path) -> None:
    tree = tree_with(tmp_path / "tree", {"bin/run-parts": b"#!/usr/bin/perl\n"})
    make_rules(tree, scripts_for(tmp_path / "place", "run-parts"))
    assert not (rules / "register").exists()


def test_all_rules_for_them_are_removed(rules: Path) -> None:
    for name in ("vmdsl-native-cp", "vmdsl-aarch64"):
        (rules / name).write_text("enabled")
    remove_rules()
    assert (rules / "vmdsl-native-cp").read_text() == "-1"
    assert (rules / "vmdsl-aarch64").read_text() == "enabled"


class System:
    """A system whose archive has packages for this machine, or has not."""

    arch = Arch.ARM64
    asked = 0

    def __init__(self, *programs: str, broken: bool = False) -> None:
        self.programs = programs
        self.broken = broken

    def unpack_native(self, _tree: object, packages: Sequence[str], place: Path) -> bool:
        self.asked += 1
        if self.broken:
            raise VmdslError("the archive has nothing for this machine", code="command-failed")
        assert {"busybox-static", "coreutils", "dash"} <= set(packages)
        tree_with(place, {"usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2": program(0)})
        tree_with(place, {f"usr/bin/{name}": program(0) for name in self.programs})
        return bool(self.programs)


def natives(folder: Path, *programs: str, broken: bool = False) -> tuple[NativePrograms, Any, Any]:
    system: Any = System(*programs, broken=broken)
    tree: Any = SimpleNamespace(path=folder / "tree")
    (folder / "dev").mkdir(exist_ok=True)
    return NativePrograms(system=system, devices=folder / "dev"), system, tree


def test_programs_are_unpacked_once_and_have_scripts(tmp_path: Path, rules: Path) -> None:
    files = {"usr/bin/cp": program(1), "usr/bin/apt-get": program(2), "usr/bin/sed": program(3)}
    tree_with(tmp_path / "tree", files)
    ours, system, tree = natives(tmp_path, "cp", "apt-get")
    for _ in range(2):
        with ours.at_work(tree):
            assert (rules / "register").exists()
    assert system.asked == 1
    place = tmp_path / "dev/vmdsl-native"
    assert sorted(path.name for path in (place / "run").iterdir()) == ["apt-get", "cp"]
    *_, last = (place / "run/apt-get").read_text().splitlines()
    libraries = "/dev/vmdsl-native/usr/lib/x86_64-linux-gnu"
    assert last == (
        f'exec {libraries}/ld-linux-x86-64.so.2 --library-path {libraries} --argv0 "$name" '
        '/dev/vmdsl-native/bin/apt-get -oAPT::Architecture=arm64 "$@"'
    )
    assert (place / "run/cp").stat().st_mode & 0o777 == 0o755


def test_for_a_script_the_rules_are_there_and_off(tmp_path: Path, rules: Path) -> None:
    tree_with(tmp_path / "tree", {"usr/bin/cp": program(1)})
    ours, _, tree = natives(tmp_path, "cp")
    (rules / "vmdsl-native-cp").write_text("enabled")
    with ours.at_work(tree, only_initramfs=True):
        assert (rules / "register").exists()
        assert (rules / "vmdsl-native-cp").read_text() == "0"
    assert (rules / "vmdsl-native-cp").read_text() == "-1"


@pytest.mark.parametrize("how", ["unknown", "broken"])
def test_all_is_emulated_where_there_are_none(tmp_path: Path, rules: Path, how: str) -> None:
    ours, system, tree = natives(tmp_path, broken=how == "broken")
    with ours.at_work(tree):
        assert list(rules.iterdir()) == []
    assert ours.hooks(tree) == ("", "")
    assert system.asked == 1


def test_without_own_rules_nothing_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native, "RULES", tmp_path)
    ours, system, tree = natives(tmp_path, "cp")
    assert ours.hooks(tree) == ("", "")
    assert system.asked == 0


@pytest.mark.usefixtures("rules")
def test_a_tree_that_is_being_made_gets_the_rules_by_a_hook(tmp_path: Path) -> None:
    ours, _, tree = natives(tmp_path, "cp")
    before, after = ours.hooks(tree)
    place = tmp_path / "dev/vmdsl-native"
    assert before.startswith(f'mkdir "$1/dev/vmdsl-native" && mount --bind {place} "$1/dev')
    assert before.endswith(f' -P -m vmdsl.builder.tree.native_rules "$1" {place}')
    assert after == 'umount --lazy "$1/dev/vmdsl-native" && rmdir "$1/dev/vmdsl-native"'
