"""All mistakes in one run: several in one step, placeholders, warnings that repeat."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmdsl import programs
from vmdsl.errors import Problem, RecipeError
from vmdsl.vmdb2.load import Loaded, load_specification

SYSTEM = """\
steps:
- mkimg: "{{ output }}"
  size: 2G
- mklabel: gpt
  device: "{{ output }}"
- mkpart: primary
  device: "{{ output }}"
  start: 0%
  end: 100%
  tag: root
- mkfs: ext4
  partition: root
- mount: root
- debootstrap: bookworm
  target: root
"""
MIRROR = "  mirror: http://mirror.example/debian\n"


def loaded(directory: Path, text: str) -> Loaded:
    variables = {"output": "pc.img"}
    return load_specification(text, directory / "pc.vmdb", directory=directory, variables=variables)


def mistakes(directory: Path, text: str) -> list[Problem]:
    with pytest.raises(RecipeError) as caught:
        loaded(directory, text).plan({})
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("more", "paths"),
    [
        (
            '  mirror: no\n  components: ["a b"]\n  keyring: /no/key.gpg\n',
            ["mirror", "components[0]", "keyring"],
        ),
        (f"{MIRROR}  include: [Foo, tzdata, Bar]\n", ["include[0]", "include[2]"]),
        (
            f'{MIRROR}  components: [man, "a b"]\n  include: [Foo]\n',
            ["components[0]", "components[1]", "include[0]"],
        ),
    ],
)
def test_all_mistakes_of_a_step_are_reported(tmp_path: Path, more: str, paths: list[str]) -> None:
    found = mistakes(tmp_path, SYSTEM + more)
    assert [p.where and p.where.path.rpartition(".")[2] for p in found] == paths


def test_each_wrong_package_is_reported(tmp_path: Path) -> None:
    more = f"{MIRROR}- apt: install\n  packages: [Foo, tzdata, Bar]\n  tag: root\n"
    found = mistakes(tmp_path, SYSTEM + more)
    lines = [line.strip() for line in (SYSTEM + more).splitlines()]
    places = [(p.where.line, p.where.column) for p in found if p.where]
    line = lines.index("packages: [Foo, tzdata, Bar]") + 1
    assert places == [(line, 14), (line, 27)]


@pytest.mark.parametrize(
    "line",
    [
        "mirror: __MIRROR__",
        "mirror: ${MIRROR}",
        "components: [__COMPONENTS__]",
        "components: [main, '@COMPONENT@']",
        "include: [__PACKAGE__]",
        "arch: __ARCH__",
        "variant: __VARIANT__",
        "keyring: /etc/__KEYRING__.gpg",
    ],
)
def test_a_placeholder_has_a_hint(tmp_path: Path, line: str) -> None:
    more = f"  {line}\n" if line.startswith("mirror") else f"{MIRROR}  {line}\n"
    (found,) = mistakes(tmp_path, SYSTEM + more)
    assert found.hint == "it stands for one, as in a template: substitute it first"


def test_a_script_with_variables_is_not_a_placeholder(tmp_path: Path) -> None:
    script = 'dd if=$ROOT/u-boot.img of="{{ output }}" seek=16384'
    (found,) = mistakes(tmp_path, f"{SYSTEM}{MIRROR}- root-fs: root\n  shell: |\n    {script}\n")
    assert found.what.startswith("the bytes of $ROOT/u-boot.img are where the partition root")
    assert found.hint == "start the partition later, such as at 16 MiB"


@pytest.mark.parametrize(
    ("file", "hint"),
    [
        ("/nowhere/a/key.gpg", "there is no directory /nowhere"),
        ("/etc/no-such-key.gpg", "/etc has no file of that name"),
        ("no-such-key.gpg", "it is looked for in "),
    ],
)
def test_a_missing_keyring_says_where_it_is_missing(tmp_path: Path, file: str, hint: str) -> None:
    (found,) = mistakes(tmp_path, f"{SYSTEM}{MIRROR}  keyring: {file}\n")
    assert found.hint.startswith(hint)


def test_a_warning_that_repeats_is_one(tmp_path: Path) -> None:
    files = "".join(f"- create-file: /etc/f{n}\n  contents: |\n    a\n" for n in range(7))
    warnings = loaded(tmp_path, SYSTEM + MIRROR + files).warnings
    (found,) = (w for w in warnings if "newline" in w.what)
    assert found.what.endswith("has none (and 6 more, in line 21, 24, 27, 30, 33 ...)")
    assert found.where is not None
    assert found.where.line == 18


def test_keys_of_forks_that_ask_for_what_is_done_anyway(tmp_path: Path) -> None:
    text = SYSTEM.replace("  size: 2G", "  size: 2G\n  format: raw\n  compress: false")
    assert loaded(tmp_path, text + MIRROR).warnings == ()
    other = text.replace("raw", "qcow2").replace("false", "true")
    found = mistakes(tmp_path, other + MIRROR)
    assert [p.where and p.where.path for p in found] == ["$.steps[0].format", "$.steps[0].compress"]
    assert "--output NAME.qcow2" in found[0].hint


def test_a_missing_file_that_a_script_installs_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    script = """\
- root-fs: root
  shell: |
    date > made
    install -m 644 -o root -g root fstab "${ROOT?}/etc/fstab"
    install -m 644 there $ROOT/etc/there
    install -m 644 made "$ROOT/etc/made"
    install -m 755 $TOOL "$ROOT/usr/bin/"
    cp -a motd "$ROOT/etc/"
    cp there made "$ROOT/srv/"
    cd /usr/share
    cp common-licenses/GPL "$ROOT/srv/"
"""
    found = loaded(tmp_path, SYSTEM + MIRROR + script).warnings
    assert [one.what for one in found] == [
        f"the script installs {name}, and there is no such file in {tmp_path}"
        for name in ("fstab", "motd")
    ]


def test_an_obstacle_has_its_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "find", lambda name: None if name == "mmdebstrap" else name)
    (found,) = loaded(tmp_path, SYSTEM + MIRROR).plan({}).obstacles
    assert found.step == "system"
