"""A specification with one mistake of any kind is told just that, where it is, in its own words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from coverage import Coverage

from vmdsl.errors import Problem, RecipeError
from vmdsl.language import operation
from vmdsl.vmdb2.from_yaml import context
from vmdsl.vmdb2.load import load_specification
from vmdsl.vmdb2.reading import findings
from vmdsl.vmdb2.reading.step_kinds import FIELDS, STEP_BY_KEY
from vmdsl.vmdb2.schema import STEPS

OUT = "{{ output }}"
MIRROR = "http://mirror.example/debian"
Steps = list[dict[str, Any]]

BIOS: Steps = [
    {"mkimg": OUT, "size": "4G"},
    {"mklabel": "msdos", "device": OUT},
    {"mkpart": "primary", "device": OUT, "start": "1MiB", "end": "512MiB", "tag": "boot"},
    {"mkpart": "primary", "device": OUT, "start": "512MiB", "end": "100%", "tag": "root"},
    {"set_part_flag": OUT, "tag": "boot", "flag": "boot", "state": "enabled"},
    {"kpartx": OUT},
    {"mkfs": "ext4", "partition": "root", "label": "system"},
    {"mkfs": "ext2", "partition": "boot", "options": "-b 1024"},
    {"mount": "root"},
    {"mount": "boot", "dirname": "/boot", "mount-on": "root"},
    {"unpack-rootfs": "root"},
    {
        "debootstrap": "trixie",
        "target": "root",
        "mirror": MIRROR,
        "arch": "amd64",
        "components": ["main", "contrib"],
        "include": ["tzdata"],
        "unless": "rootfs_unpacked",
    },
    {"apt": "install", "packages": ["linux-image-amd64", "python3"], "tag": "root"},
    {"cache-rootfs": "root", "unless": "rootfs_unpacked"},
    {"virtual-filesystems": "root"},
    {"chroot": "root", "shell": "echo one"},
    {"shell": "true $ROOT", "root-fs": "root"},
    {"create-dir": "/srv/a", "perm": 0},
    {"create-file": "/srv/a/b", "contents": "text", "perm": 0, "uid": 1, "gid": 1},
    {"copy-file": "/etc/motd", "src": "motd", "perm": 0},
    {"copy-dir": "/srv/tree", "src": "tree", "user": "www-data"},
    {"ansible": "root", "playbook": "site.yml", "group": "pc", "extra_vars": {"x": "y"}},
    {"fstab": "root"},
    {"resize-rootfs": "root"},
    {"grub": "bios", "tag": "root", "console": "serial", "timeout": 5, "kernel-params": ["quiet"]},
]
UEFI: Steps = [
    {"mkimg": OUT, "size": "4G"},
    {"mklabel": "gpt", "device": OUT},
    {"mkpart": "efi", "device": OUT, "start": "1MiB", "end": "100MiB", "tag": "efi"},
    {"mkpart": "root", "device": OUT, "start": "100MiB", "end": "100%", "tag": "root"},
    {"mkfs": "vfat", "partition": "efi"},
    {"mkfs": "ext4", "partition": "root"},
    {"mount": "root"},
    {"debootstrap": "trixie", "target": "root", "mirror": MIRROR},
    {"apt": "install", "packages": ["linux-image-amd64"], "tag": "root"},
    {"grub": "uefi", "tag": "root", "efi": "efi"},
]
VOLUMES: Steps = [
    {"mkimg": OUT, "size": "4G"},
    {"mklabel": "gpt", "device": OUT},
    {"mkpart": "boot", "device": OUT, "start": "1MiB", "end": "512MiB", "tag": "boot"},
    {"mkpart": "crypt", "device": OUT, "start": "512MiB", "end": "100%", "tag": "crypt"},
    {"cryptsetup": "crypt", "name": "luks", "password": "secret"},
    {"vgcreate": "vg0", "physical": ["luks"]},
    {"lvcreate": "vg0", "name": "system", "size": "2G"},
    {"lvcreate": "vg0", "name": "home", "size": "fill"},
    {"mkfs": "ext4", "partition": "system"},
    {"mkfs": "ext4", "partition": "home"},
    {"mkfs": "ext4", "partition": "boot"},
    {"mount": "system"},
    {"mount": "home", "dirname": "/home", "mount-on": "system"},
    {"mount": "boot", "dirname": "/boot", "mount-on": "system"},
    {"debootstrap": "trixie", "target": "system", "mirror": MIRROR},
    {"apt": "install", "packages": ["linux-image-amd64", "lvm2"], "tag": "system"},
    {"fstab": "system"},
]
SOUND = {"bios": BIOS, "uefi": UEFI, "volumes": VOLUMES}
#: Values that some keys may have, and some not.
VALUES = {
    "a number": 12,
    "a list": ["one", "two"],
    "nothing": None,
    "an empty text": "",
    "a variable that is not given": "{{ nothing }}",
    "a comment of Jinja2": "${#x}",
    "a word": "foo",
}
#: What no specification says: calls, arguments and numbers of Python, and steps of a recipe.
PYTHON = re.compile(
    r"\w\(\)|\b(mk\w+|copy_\w+|create_\w+|apt)\(|\b[a-z_]+=(?=[^=\w]|$)|0o\d|\(\w+,\)"
)


def problems_of(steps: list[Any], directory: Path) -> tuple[Problem, ...]:
    """All that is wrong with steps."""
    text = yaml.dump({"steps": steps}, Dumper=yaml.CSafeDumper, sort_keys=False, width=1000)
    variables = {"output": "x.img", "image": "x.img", "rootfs_tarball": "r.tar"}
    try:
        load_specification(
            text, directory / "x.vmdb", directory=directory, variables=variables
        ).plan({})
    except RecipeError as error:
        return error.problems
    return ()


def mistakes(steps: Steps) -> Iterator[tuple[str, int, list[Any]]]:
    """Each mistake: what it is, at which step, and the steps with it."""
    for number, step in enumerate(steps):
        for key, value in step.items():
            title = f"{number} {key}"

            def changed(new: dict[str, Any], number: int = number) -> list[Any]:
                return [*steps[:number], new, *steps[number + 1 :]]

            wrong = f"{key[:-1]}x{key[-1]}" if len(key) > 3 else f"{key}q"
            yield f"{title}, misspelt", number, changed(_renamed(step, key, wrong))
            yield f"{title}, removed", number, changed({k: v for k, v in step.items() if k != key})
            for what, other in VALUES.items():
                if type(other) is not type(value) or isinstance(value, str):
                    yield f"{title}, {what}", number, changed({**step, key: other})
            if isinstance(value, str):
                yield f"{title}, value misspelt", number, changed({**step, key: f"{value}q"})
        for what, others in (
            ("twice", [step, step]),
            ("removed", []),
            ("a list", [[step]]),
            ("a word", [next(iter(step))]),
            ("empty", [None]),
        ):
            yield f"{number}, {what}", number, [*steps[:number], *others, *steps[number + 1 :]]


def _renamed(step: dict[str, Any], key: str, name: str) -> dict[str, Any]:
    return {name if k == key else k: value for k, value in step.items()}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with the local files that the specifications name."""
    for name in ("motd", "site.yml", "r.tar"):
        (tmp_path / name).write_text("- hosts: pc\n", encoding="utf-8")
    (tmp_path / "tree").mkdir()
    return tmp_path


@pytest.fixture
def _uncounted() -> Iterator[None]:
    """Count no lines meanwhile, which takes as long again: the tests below run the same ones."""
    measured = Coverage.current()
    if measured:
        measured.stop()
    yield
    if measured:
        measured.start()


@pytest.mark.usefixtures("_uncounted")
@pytest.mark.parametrize("name", SOUND)
def test_one_mistake_is_told_once(name: str, directory: Path) -> None:
    assert problems_of(SOUND[name], directory) == ()
    found = {
        (title, number): problems_of(steps, directory)
        for title, number, steps in mistakes(SOUND[name])
    }
    wrong = {
        title: [str(problem) for problem in told]
        for (title, number), told in found.items()
        if len(told) > 1 or not all(_is_clear(problem, title, number) for problem in told)
    }
    assert wrong == {}
    assert sum(map(bool, found.values())) * 10 > len(found) * 8  # some may be what they are


def _is_clear(problem: Problem, title: str, number: int) -> bool:
    """Whether it has a place, which is where the mistake is, and a hint, in words of YAML."""
    path = problem.where.path if problem.where and problem.where.line else ""
    is_there = f"{path}.".startswith(f"$.steps[{number}].")
    is_missing = path.startswith("$.steps[") and not title.endswith("misspelt")
    follows = re.search(r"tag|group|is not the image|mounted|filesystem|firmware", problem.what)
    words = f"{problem.what}\n{problem.hint}"
    in_yaml = not problem.step and not PYTHON.search(words)
    return (is_there or is_missing or bool(follows)) and bool(problem.hint) and in_yaml


@pytest.mark.parametrize("name", ["uefi", "volumes"])
def test_mistakes_of_all_kinds_are_told_at_once(name: str, directory: Path) -> None:
    """What is wrong above doesn't hide what reading and translating find below."""
    others = [{"create-dir": "/a", "permm": 5}, {"echo": "${#x}"}, {"vgcreate": "vg9"}]
    for title, _, steps in list(mistakes(SOUND[name]))[::5]:
        told = "\n".join(str(problem) for problem in problems_of([*steps, *others], directory))
        for words in ("permm", "a comment of Jinja2", "a volume group on nothing"):
            assert words in told, title


@pytest.mark.parametrize("name", SOUND)
def test_no_place_follows_from_words(
    name: str, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages may say anything: each mistake stays where it was."""
    wrong = [steps for _, _, steps in list(mistakes(SOUND[name]))[::9]]
    before = [{problem.where for problem in problems_of(steps, directory)} for steps in wrong]
    for module in (operation, context, findings):

        def reworded(made: type[Problem] = Problem, **fields: Any) -> Problem:
            return made(**{**fields, "what": "X" + fields["what"].upper()[::-1]})

        monkeypatch.setattr(module, "Problem", reworded)
    told = [problems_of(steps, directory) for steps in wrong]
    assert [{problem.where for problem in problems} for problems in told] == before
    assert any(problem.what.startswith("X") for problems in told for problem in problems)


def test_every_step_is_tried() -> None:
    tried = {
        STEP_BY_KEY[key]
        for steps in SOUND.values()
        for step in steps
        for key in step
        if key in STEP_BY_KEY
    }
    left = {FIELDS[step][0].keys[0] for step in set(STEPS) - tried}
    assert left == {"lvscan", "echo", "error"}
