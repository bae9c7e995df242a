"""All mistakes are told at once, each at the text of the specification that it is about."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest

from translations import ABOVE
from vmdsl.builder.tree.remedies import remedy
from vmdsl.errors import BuildError, Code, Problem, RecipeError, code
from vmdsl.operations.packages.apt_errors import meaning
from vmdsl.vmdb2.load import in_yaml, load_specification


def told(text: str, tmp_path: Path) -> list[tuple[str, str]]:
    """What is wrong with a specification, and at which path."""
    with pytest.raises(RecipeError) as raised:
        load_specification(
            f"steps:\n{text}", Path("x.vmdb"), directory=tmp_path, variables={"output": "x.img"}
        ).plan({})
    return [(p.where.path if p.where else "", p.what) for p in raised.value.problems]


@pytest.mark.parametrize(
    ("step", "path", "what"),
    [
        (
            "- {apt: install, tag: a, packages: [good, Bad_]}",
            "$.steps[6].packages[1]",
            "not the name of a package",
        ),
        ("- {create-dir: /a/../b}", "$.steps[6].create-dir", "/a/../b"),
        ("- {copy-file: /a, src: gone.txt}", "$.steps[6].src", "there is no file gone.txt"),
        ("- {copy-dir: /a, src: gone}", "$.steps[6].src", "there is no directory gone"),
    ],
)
def test_a_mistake_has_the_place_of_its_text(
    step: str, path: str, what: str, tmp_path: Path
) -> None:
    found = told(ABOVE["system"] + step + "\n", tmp_path)
    assert [place for place, _ in found] == [path]
    assert what in found[0][1]


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ("- {create-dir: /a, mode: 1}\n", "$.steps[6].mode"),
        ("- {create-file: /a}\n", "$.steps[6]"),
        ("- {crate-dir: /a}\n", "$.steps[6]"),
        ("- {chroot: b, shell: 'true'}\n", "$.steps[6].chroot"),
    ],
)
def test_mistakes_of_every_kind_are_told_at_once(wrong: str, path: str, tmp_path: Path) -> None:
    text = ABOVE["system"] + wrong + "- {copy-file: /b, src: gone.txt}\n"
    assert [place for place, _ in told(text, tmp_path)] == [path, "$.steps[7].src"]


def test_a_plan_can_be_sent_into_the_sandbox(tmp_path: Path) -> None:
    """Operations are pickled there; their texts are plain, and know no place in the file."""
    variables = {"output": "x.img"}
    spec = load_specification(
        f"steps:\n{ABOVE['system']}", Path("x.vmdb"), directory=tmp_path, variables=variables
    )
    assert b"vmdsl.vmdb2" not in pickle.dumps(spec.plan({}).operations)


def test_what_is_mounted_on_a_filesystem_that_is_not_mounted(tmp_path: Path) -> None:
    text = ABOVE["efi"].replace("- {mount: a}", "- {mount: e, dirname: /boot, mount-on: a}")
    assert [place for place, _ in told(text, tmp_path)] == ["$.steps[6].mount-on"]


def test_what_needs_an_incomplete_system_is_looked_at(tmp_path: Path) -> None:
    text = ABOVE["system"].replace("mirror:", "miror:") + "- {copy-file: /b, src: gone.txt}\n"
    assert told(text, tmp_path)[-1] == ("$.steps[6].src", "there is no file gone.txt")
    assert len(told(text, tmp_path)) == 2


def test_warnings_are_in_the_order_of_the_lines(tmp_path: Path) -> None:
    text = (
        ABOVE["efi"]
        + "- {mount: e, mount-on: a, dirname: x}\n- {create-file: /a, contents: b, perm: 644}\n"
    )
    loaded = load_specification(
        f"steps:\n{text}- {{echo: x}}\n",
        tmp_path / "pc.vmdb",
        directory=tmp_path,
        variables={"output": "pc.img", "image": "pc.img"},
    )
    paths = [warning.where.path for warning in loaded.warnings if warning.where]
    assert paths == ["$.steps[8].dirname", "$.steps[9].perm", "$.steps[10].echo"]


@pytest.mark.parametrize(
    ("suggested", "words"),
    [
        (code("mkext4", Code("root_fs", tag="root-fs")), "mkfs: ext4, partition: root-fs"),
        (code("mklv", Code("vg0_", tag="vg0")), "lvcreate: vg0"),
        (code("mkpart", Code("extended")), "mkpart: logical"),
        (code("apt", code("system"), "grub-pc"), "packages: [grub-pc]"),
        (code("MiB", 1), "1MiB"),
        (code("-sectors", 33), "-33s"),
        (code("", unless=code("unpacked")), "`unless: rootfs_unpacked`"),
        (code("", label=None), "`label:`"),
        (code("", exclude=None), None),
        (code("", keyring=None), "`keyring:`"),
        (code("", keyring="a.gpg"), "`keyring: a.gpg`"),
        (code("", check_valid_until=False), None),
        (code("apt", suite=None), None),
        (code("apt_source"), None),
        (code("create_file", code("system"), "/a", r"b\n"), r'create-file: /a, contents: "b\n"'),
        (
            code("create_file", code("system"), "/a", 'b="c"'),
            r'create-file: /a, contents: "b=\"c\""',
        ),
        (code("mkbtrfs"), "mkbtrfs()"),
    ],
)
def test_code_in_the_words_of_specifications(suggested: Code, words: str | None) -> None:
    assert in_yaml(suggested) == words


def test_a_failed_build_speaks_the_words_of_specifications(tmp_path: Path) -> None:
    """Remedies for what programs print, and meanings of what apt prints."""
    spec = load_specification(
        f"steps:\n{ABOVE['system']}",
        tmp_path / "pc.vmdb",
        directory=tmp_path,
        variables={"output": "x.img"},
    )
    signed = meaning("W: GPG error: NO_PUBKEY 0E98404D386FA1D9")
    gone = meaning(
        "E: The repository 'http://a.example lenny Release' no longer has a Release file"
    )
    suite = meaning("E: Release 'sid' for 'curl' was not found")
    hints = [one.hint if one else "" for one in (signed, gone, suite)]
    hints += [
        remedy("chattr: Operation not permitted while setting flags on /a"),
        remedy("losetup: a"),
    ]
    error = BuildError(*(Problem(what="it failed", step="a", hint=hint) for hint in hints))
    failure = spec.failure(error)
    assert isinstance(failure, BuildError)
    assert [problem.step for problem in failure.problems] == ["a"] * len(hints)
    for problem, python in zip(failure.problems, hints, strict=True):
        assert re.search(r"\w\(|\w=", python)
        assert not re.search(r"\w\(|\w=", problem.hint)
        assert problem.hint


@pytest.mark.parametrize(
    ("step", "path"),
    [
        ("- {create-dir: /a, perm: 0o9}", "perm"),
        ("- {copy-dir: /a, src: ., user: 'a b'}", "user"),
        ("- {grub: bios, tag: a, kernel-params: [quiet, 'a$b']}", "kernel-params"),
        ("- {ansible: a, playbook: gone.yml}", "playbook"),
    ],
)
def test_a_mistake_has_the_place_of_its_argument(step: str, path: str, tmp_path: Path) -> None:
    assert f"$.steps[8].{path}" in dict(told(ABOVE["efi"] + step + "\n", tmp_path))
