"""The reviewed form of a plan: all that a build does, and nothing of the day or the place."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from plans import plan_of
from vmdsl.errors import HostError
from vmdsl.language.effects import Tree, TreeOperation
from vmdsl.plan.plan import OptionValue, Plan
from vmdsl.review.describe import describe, subject_of
from vmdsl.review.outline import Node, write
from vmdsl.values import GiB

RECIPE = '''
"""A recipe."""
from vmdsl import *

size = option(GiB(2), help="Size.")
name = option("", help="Name.")

@step
def disk() -> Disk:
    return mkimg(size())

@step
def both() -> tuple[Ext4, Swap]:
    table = mkgpt(disk())
    extra = mkswap(mkpart(table, type="swap", size=MiB(100)))
    return mkext4(mkpart(table), label="root", options=("-m", "1")), extra

@step
def root() -> Mounted[Ext4]:
    return mount(both()[0], options=("noatime",))

@step
def system() -> RootFs:
    source = Source(name="acme", uris=["https://acme.example/debian"], suites=["trixie"])
    return debootstrap(root(), suite="trixie", sources=[source], include=["vim"])

@step
def there() -> Fact:
    return path_exists(root(), "/etc/motd")

@step
def motd() -> None:
    create_file(system(), "/etc/motd", f"[red] {name()}\\x1b[0m", mode=0o600, unless=there())
    chroot(system(), "set -e\\n\\techo hi\\n", secrets={"token": Secret.from_environment("TOKEN")})
    copy_tree(system(), "files", "/srv", umask=0o22)
    write_at(disk(), b"x" * 100, offset=KiB(20))
'''


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    (tmp_path / "files").mkdir()
    (tmp_path / "files/run").write_text("#!/bin/sh\n")
    (tmp_path / "files/run").chmod(0o775)
    (tmp_path / "files/link").symlink_to("/etc/passwd")
    path = tmp_path / "server.py"
    path.write_text(RECIPE)
    return path


def text_of(plan: Plan, *, lines: bool = False) -> str:
    return write(describe(plan), lines=lines)


def entry(plan: Plan, title: str, value: str) -> Node:
    found = [node for node in describe(plan).section(title) if node.value.startswith(value)]
    assert len(found) == 1, found
    return found[0]


def test_options_and_where_they_come_from(recipe: Path) -> None:
    options = (
        OptionValue(name="size", value=GiB(2), given=False),
        OptionValue(name="swap", value=False, given=True),
        OptionValue(name="name", value="", given=False),
        OptionValue(name="tarball", value=None, given=False),
        OptionValue(name="file", value=recipe.parent / "a", given=True),
    )
    plan = plan_of(recipe)
    text = text_of(Plan(**{**vars(plan), "options": options, "seed": "s"}))
    assert text.splitlines()[2:9] == [
        "Options",
        "  size: 2 GiB (default)",
        "  swap: off (command line)",
        "  name: empty (default)",
        "  tarball: none (default)",
        "  file: a (command line)",
        "  --seed: s",
    ]


def test_disk(recipe: Path) -> None:
    text = text_of(plan_of(recipe))
    disk = text.partition("\nDisk\n")[2].partition("\n\n")[0].splitlines()
    assert disk[:3] == [
        "  disk: image of 2 GiB",
        "    size: 4194304 sectors",
        "  both: GPT partition table",
    ]
    assert disk[4].startswith("  ┌")
    assert len(disk[4]) == 80
    swap = disk.index("  both: partition 1, swap")
    assert disk[swap + 1 : swap + 4] == [
        "    start: sector 2048 (1 MiB)",
        "    size: 204800 sectors (100 MiB)",
        "    type: 0657FD6D-A4AB-43C4-84E5-0933C84B4F4F",
    ]
    assert disk[swap + 4].startswith("    uuid: ")
    assert disk[swap + 5] == "  both (2): partition 2, linux"


def test_filesystems_and_mounts(recipe: Path) -> None:
    plan = plan_of(recipe)
    ext4 = entry(plan, "Filesystems", "ext4")
    assert ext4.of("label") == "root"
    assert [node.value for node in ext4.get("options").below] == ["-m", "1"]  # type: ignore[union-attr]
    assert len(ext4.of("uuid")) == 36
    mount = entry(plan, "Mounts", "ext4 of both at /")
    assert [node.value for node in mount.get("options").below] == ["noatime"]  # type: ignore[union-attr]


def test_operations_have_step_arguments_and_network(recipe: Path) -> None:
    plan = plan_of(recipe)
    system = entry(plan, "Operations on the tree", "debootstrap trixie")
    assert system.name == "system"
    assert system.of("operation") == "Debootstrap (system)"
    assert system.of("network") == "Debian's mirrors, https://acme.example/debian"
    (source,) = system.get("sources").below  # type: ignore[union-attr]
    assert (source.name, source.value, source.of("name")) == ("-", "Source", "acme")
    assert system.get("root") is None  # as it is at /
    assert system.get("mirror") is None  # as it is empty
    motd = entry(plan, "Operations on the tree", "create /etc/motd")
    assert (motd.of("mode"), motd.of("unless")) == ("0600", "there")
    assert entry(plan, "Operations on the image", "write 100 bytes").of("content") == (
        f"100 bytes, sha256 {hashlib.sha256(b'x' * 100).hexdigest()}"
    )


def test_scripts_are_whole_and_secrets_are_named(recipe: Path) -> None:
    plan = plan_of(recipe)
    script = entry(plan, "Operations on the tree", "chroot")
    assert script.get("script").text == "set -e\n\techo hi\n"  # type: ignore[union-attr]
    (token,) = script.get("secrets").below  # type: ignore[union-attr]
    assert (token.name, token.of("source")) == ("token", "environment")
    assert script.of("network").startswith("perhaps")


def test_local_files_have_checksums_and_no_permissions_but_one(recipe: Path) -> None:
    def read() -> list[str]:
        copied = entry(plan_of(recipe), "Operations on the tree", "copy the directory")
        files = copied.get("reads").below  # type: ignore[union-attr]
        return [
            f"{one.value} {' '.join(f'{n.name}:{n.value}' for n in one.below)}" for one in files
        ]

    checksum = hashlib.sha256(b"#!/bin/sh\n").hexdigest()
    expected = [
        "files/ ",
        "files/link target:/etc/passwd",
        f"files/run sha256:{checksum} executable:yes",
    ]
    assert read() == expected
    (recipe.parent / "files/run").chmod(0o755)
    assert read() == expected
    (recipe.parent / "files/run").chmod(0o644)
    assert read()[-1] == f"files/run sha256:{checksum}"
    (recipe.parent / "files/run").write_text("other")
    assert checksum not in read()[-1]


def test_a_file_that_cannot_be_read(recipe: Path) -> None:
    plan = plan_of(recipe)
    (recipe.parent / "files/run").unlink()
    (recipe.parent / "files/link").unlink()
    (recipe.parent / "files").rmdir()
    with pytest.raises(HostError, match="files cannot be read: No such file"):
        describe(plan)


def test_a_comment_above_changes_no_line(recipe: Path) -> None:
    before = text_of(plan_of(recipe))
    shown = text_of(plan_of(recipe), lines=True)
    recipe.write_text(f"# A comment.\n\n{RECIPE}")
    assert text_of(plan_of(recipe)) == before
    assert "  motd (line 33): create /etc/motd\n" in shown
    assert "  motd (line 35): create /etc/motd\n" in text_of(plan_of(recipe), lines=True)


def test_nothing_depends_on_the_place(recipe: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (tmp_path / "files").rename(other / "files")
    before = other / "server.py"
    before.write_text(RECIPE)
    text = text_of(plan_of(before))
    assert str(tmp_path) not in text
    (other / "files").rename(tmp_path / "files")
    assert text_of(plan_of(recipe)) == text


def test_nothing_is_obeyed_by_a_terminal(recipe: Path) -> None:
    text = text_of(plan_of(recipe))
    assert "\x1b" not in text
    assert '    content: "[red] \\u001b[0m"\n' in text


def test_what_grows(tmp_path: Path) -> None:
    recipe = tmp_path / "growing.py"
    recipe.write_text(
        "from vmdsl import *\n@step\ndef root() -> Mounted[Ext4]:\n"
        "    table = mkgpt(mkimg(free=MiB(100)))\n    place = mkpart(table)\n"
        '    mkswap(mkpart(table, type="swap", size=MiB(5)))\n    return mount(mkext4(place))\n'
    )
    plan = plan_of(recipe)
    image = entry(plan, "Disk", "image as large as its content needs, and 100 MiB free")
    assert image.of("size") == "known when the tree is complete"
    assert entry(plan, "Disk", "partition 1").of("size") == "its content, and 100 MiB"
    assert entry(plan, "Disk", "partition 2").of("start").startswith("behind a partition that")


def test_encryption_and_volumes(tmp_path: Path) -> None:
    recipe = tmp_path / "luks.py"
    recipe.write_text(
        "from vmdsl import *\n@step\ndef root() -> Mounted[Ext4]:\n"
        '    place = mkpart(mkgpt(mkimg(GiB(4))))\n    key = Secret.from_text("hunter2")\n'
        '    group = mkvg(mkluks(place, key=key), name="vg")\n'
        '    return mount(mkext4(mklv(group, name="lv", size=GiB(1))))\n'
    )
    text = text_of(plan_of(recipe))
    assert "  root: LUKS on root, opened as " in text
    assert "  root: volume group vg on root\n" in text
    assert "  root: logical volume lv of vg\n    size: 2097152 sectors (1 GiB)\n" in text
    assert "hunter2" not in text


@dataclass(frozen=True, kw_only=True, eq=False)
class Trust(TreeOperation):
    def apply(self, tree: Tree) -> None:
        raise NotImplementedError


def test_subjects(recipe: Path) -> None:
    plan = plan_of(recipe)
    found = {type(o).__name__: subject_of(type(o)) for o in plan.operations}
    assert found["CreateFile"] == "files"
    assert found["Chroot"] == "scripts"
    assert subject_of(Trust) == "other"
