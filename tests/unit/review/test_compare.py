"""What changed between two plans, by what it is about."""

from collections.abc import Callable
from pathlib import Path

import pytest

from plans import plan_of
from vmdsl.review.compare import Change, compare
from vmdsl.review.describe import describe
from vmdsl.review.outline import Outline, without_lines

RECIPE = """
from vmdsl import *

size = option(GiB(4), help="Size.")

@step
def disk() -> Disk:
    return mkimg(size())

@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), type="esp", size=MiB(100)))

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))

@step
def swap() -> Swap:
    return mkswap(mkpart(table(), type="swap", size=MiB(512)))

@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")

@step
def packages() -> None:
    apt(system(), "curl", "vim")

@step
def motd() -> None:
    create_file(system(), "/etc/motd", "one\\ntwo\\nthree\\n")
    copy_file(system(), "local", "/etc/local")

@step
def script() -> None:
    chroot(system(), "set -e\\necho one\\n")

@step
def boot() -> None:
    fstab(system())
    grub_uefi(system(), mount(esp(), "/boot/efi", on=root()))
""".replace(
    "@step\ndef esp", "@step\ndef table() -> Gpt:\n    return mkgpt(disk())\n\n@step\ndef esp"
)


Plan = Callable[..., Outline]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    (tmp_path / "local").write_text("local")

    def make(*edits: tuple[str, str], name: str = "a") -> Outline:
        text = RECIPE
        for old, new in edits:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / f"{name}.py").write_text(text)
        return without_lines(describe(plan_of(tmp_path / f"{name}.py", name)))

    return make


def shown(change: Change) -> list[str]:
    """A change in a few lines."""
    details = [
        " ".join(one.diff) if one.diff else f"{one.name}: {one.before} > {one.after}"
        for one in change.details
    ]
    return [f"{change.group}: {change.kind} {change.step}", *details]


def test_equal_plans(plan: Plan) -> None:
    assert compare(plan(), plan(("\n@step\ndef disk", "\n# A comment.\n\n@step\ndef disk"))) == ()


def test_a_partition_that_grows_says_what_moves_with_it(plan: Plan) -> None:
    esp, root = compare(plan(), plan(("MiB(100)", "MiB(200)")))
    assert shown(esp) == [
        "disk: changed esp",
        "size: 204800 sectors (100 MiB) > 409600 sectors (200 MiB)",
        "moves with it: None > root, by 100 MiB up, to sector 411648",
    ]
    assert shown(root)[0] == "disk: changed root"  # which has less room: swap stays
    assert [one.name for one in root.details] == ["start", "size"]


def test_sectors_of_another_size(plan: Plan) -> None:
    """Partitions have other numbers then, and are where they were."""
    changes = compare(plan(), plan(("mkimg(size())", "mkimg(size(), sector=4096)")))
    details = {change.step: shown(change)[1:] for change in changes}
    assert details["esp"][0] == "start: sector 2048 (1 MiB) > sector 256 (1 MiB)"
    assert "sector: None > 4096" in details["disk"]
    assert not [line for lines in details.values() for line in lines if "moves with it" in line]


def test_a_larger_image(plan: Plan) -> None:
    disk, root = compare(plan(), plan(("GiB(4)", "GiB(5)")))
    assert shown(disk)[1] == ": image of 4 GiB > image of 5 GiB"
    assert root.details[-1].after == "swap, by 1 GiB up, to sector 9435136"


def test_a_partition_that_is_gone(plan: Plan) -> None:
    gone = RECIPE[RECIPE.index("@step\ndef swap") : RECIPE.index("@step\ndef system")]
    changes = compare(plan(), plan((gone, "")))
    assert [(one.group, one.kind, one.step) for one in changes] == [
        ("disk", "changed", "root"),
        ("disk", "removed", "swap"),
        ("filesystems", "removed", "swap"),
    ]


def test_packages_are_listed_one_by_one(plan: Plan) -> None:
    (change,) = compare(plan(), plan(('"curl", "vim"', '"vim", "less"')))
    assert shown(change) == ["packages: changed packages", "-- curl +- less"]


def test_texts_and_scripts_have_a_diff(plan: Plan) -> None:
    motd, script = compare(plan(), plan(("two", "2"), ("echo one", "echo 1")))
    assert shown(motd) == ["files: changed motd", "@@ -1,3 +1,3 @@  one -two +2  three"]
    assert shown(script) == ["scripts: changed script", "@@ -1,2 +1,2 @@  set -e -echo one +echo 1"]
    assert script.details[0].before == "set -e\necho one"


def test_local_files(plan: Plan, tmp_path: Path) -> None:
    before = plan()
    (tmp_path / "local").write_text("other")
    (change,) = compare(before, plan())
    assert change.group == "files"
    assert [line[0] for line in change.details[0].diff] == ["-", "+"]
    assert "sha256" in change.details[0].diff[0]


def test_boot(plan: Plan) -> None:
    (change,) = compare(plan(), plan(("on=root()))", 'on=root()), console="serial")')))
    assert shown(change) == ["boot: changed boot", "console: screen > serial"]


def test_order(plan: Plan) -> None:
    copy = '    copy_file(system(), "local", "/etc/local")\n'
    create = RECIPE[RECIPE.index("    create_file(") : RECIPE.index(copy)]
    (change,) = compare(plan(), plan((create + copy, copy + create)))
    assert shown(change) == [
        "files: moved motd",
        "runs: after motd: create /etc/motd > after packages: apt install curl vim",
    ]


def test_a_file_that_another_step_writes_is_the_same_file(plan: Plan) -> None:
    (change,) = [
        one
        for one in compare(plan(), plan(("def motd()", "def greeting()")))
        if "motd" in one.summary
    ]
    assert shown(change) == ["files: changed greeting", "step: motd > greeting"]


def test_a_script_of_another_step_is_another_one(plan: Plan) -> None:
    kinds = [one.kind for one in compare(plan(), plan(("def script()", "def other()")))]
    assert kinds == ["removed", "added"]


def test_recipes_of_different_names_differ_in_all_uuids_for_that_reason(plan: Plan) -> None:
    (change,) = compare(plan(), plan(name="b"))
    assert shown(change) == [
        "options: changed recipe",
        ": a.py > b.py",
        "changes with it: None > every UUID and the disk's id",
    ]


def test_what_is_added_is_whole(plan: Plan) -> None:
    more = '    create_file(system(), "/etc/more", "a\\nb\\n")\n'
    (change,) = compare(plan(), plan(("    copy_file(", f"{more}    copy_file(")))
    assert (change.kind, change.summary) == ("added", "create /etc/more")
    text = next(one for one in change.details if one.name == "content")
    assert (text.before, text.after, text.diff) == (None, "a\nb", ("+a", "+b"))


def test_a_script_that_is_gone_leaves_the_others_as_they_are(plan: Plan) -> None:
    call = '    chroot(system(), "echo {}")\n'
    start = "@step\ndef boot()"
    more = f"{start.replace('boot', 'more')} -> None:\n{{}}\n{start}"
    scripts = [call.format(number) for number in range(4)]
    before = plan((start, more.format("".join(scripts))))
    after = plan((start, more.format("".join(scripts[1:]).replace("echo 3", "echo three"))))
    assert [shown(change) for change in compare(before, after)] == [
        [
            "scripts: removed more",
            "operation: Chroot (scripts) > None",
            "script: echo 0 > None",
            "network: perhaps, as it may install packages > None",
        ],
        ["scripts: changed more", "script: echo 3 > echo three"],
    ]
