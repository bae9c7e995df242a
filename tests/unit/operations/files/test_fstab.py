from __future__ import annotations

import pytest

from vmdsl import GiB, MiB, mkext2, mkext4, mkgpt, mkimg, mkpart, mkswap, mkvfat, mount
from vmdsl.language.operation import Recorder
from vmdsl.operations.files.fstab import FstabName, fstab_text, place_of
from vmdsl.plan.lay_out import lay_out


def text_of(recorder: Recorder) -> tuple[str, list[str]]:
    """The text of /etc/fstab, and the filesystems' UUIDs in the recipe's order."""
    layout, problems = lay_out(recorder.operations, recipe="r", seed="")
    assert layout is not None
    assert problems == []
    return fstab_text(layout), [f.uuid for f in layout.filesystems]


def test_all_kinds(recorder: Recorder) -> None:
    table = mkgpt(mkimg(GiB(4)))
    esp = mkvfat(mkpart(table, size=MiB(64), type="esp"))
    mkswap(mkpart(table, size=MiB(64), type="swap"))
    boot = mkext2(mkpart(table, size=MiB(512)))
    root = mount(mkext4(mkpart(table)))
    mount(esp, "/boot/efi", on=mount(boot, "/boot", on=root))
    text, (esp_id, swap_id, boot_id, root_id) = text_of(recorder)
    assert text.splitlines() == [
        f"UUID={root_id} / ext4 errors=remount-ro 0 1",
        f"UUID={boot_id} /boot ext2 defaults 0 2",
        f"UUID={esp_id} /boot/efi vfat umask=0077 0 2",
        f"UUID={swap_id} none swap sw 0 0",
    ]
    assert text.endswith("\n")


def test_what_holds_a_mount_point_comes_before_it(recorder: Recorder) -> None:
    table = mkgpt(mkimg(GiB(4)))
    root = mount(mkext4(mkpart(table, size=GiB(1))))
    for place in ("/var/log", "/home", "/var", "/boot"):
        mount(mkext4(mkpart(table, size=MiB(64))), place, on=root)
    text, _ = text_of(recorder)
    places = [line.split(" ")[1] for line in text.splitlines()]
    assert places == ["/", "/boot", "/home", "/var", "/var/log"]


def test_names_that_fstab_must_escape(recorder: Recorder) -> None:
    table = mkgpt(mkimg(GiB(4)))
    root = mount(mkext4(mkpart(table, size=GiB(1))))
    mount(mkext4(mkpart(table)), "/srv/my data\\x\ty", on=root)
    text, _ = text_of(recorder)
    assert text.splitlines()[1].split(" ")[1] == r"/srv/my\040data\134x\011y"


def test_what_is_not_mounted_has_no_line(recorder: Recorder) -> None:
    table = mkgpt(mkimg(GiB(4)))
    mkext4(mkpart(table, size=GiB(1)))
    mount(mkext4(mkpart(table)))
    assert len(text_of(recorder)[0].splitlines()) == 1


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("label", ["the\\040root", "efi", "pages"]),
        ("partlabel", ["a", "b", "c"]),
        ("partuuid", []),
    ],
)
def test_names(recorder: Recorder, by: FstabName, names: list[str]) -> None:
    table = mkgpt(mkimg(GiB(4)))
    root = mount(mkext4(mkpart(table, size=GiB(1), label="a"), label="the root"))
    mount(mkvfat(mkpart(table, size=MiB(64), label="b"), label="efi"), "/boot/efi", on=root)
    mkswap(mkpart(table, label="c"), label="pages")
    layout, _ = lay_out(recorder.operations, recipe="r", seed="")
    assert layout is not None
    sources = [line.split(" ")[0] for line in fstab_text(layout, by).splitlines()]
    names = names or [p.uuid for p in layout.partitions]
    assert sources == [f"{by.upper()}={name}" for name in names]


def test_options_replace_the_usual_ones(recorder: Recorder) -> None:
    table = mkgpt(mkimg(GiB(4)))
    root = mount(mkext4(mkpart(table, size=GiB(1))), options=("noatime", "discard"))
    mount(mkvfat(mkpart(table)), "/efi", on=root, options=("x-systemd.automount",))
    options = [line.split(" ")[3] for line in text_of(recorder)[0].splitlines()]
    assert options == ["noatime,discard", "x-systemd.automount"]


def test_place_of_a_line() -> None:
    assert place_of(r"none /a\040b\134c\011d tmpfs defaults") == "/a b\\c\td"
