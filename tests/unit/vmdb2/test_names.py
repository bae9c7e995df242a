from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmdsl.vmdb2.from_yaml.context import AVOIDED, identifier


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("/", "root"),
        ("/boot/firmware", "boot_firmware"),
        ("tag-root", "tag_root"),
        ("rootfs", "rootfs"),
        ("rootPart", "root_part"),
        ("EFI", "efi"),
        ("2", "part_2"),
        ("99-local.conf", "local_conf"),
        ("01_10-x", "x"),
        ("_hidden", "hidden"),
        ("class", "class_"),
        ("input", "input_"),
        ("mount", "mount_"),
        ("debian", "debian_"),
        ("output", "output_"),
        ("/brücke", "brucke"),
        ("…", "part"),
    ],
)
def test_reads_like_the_text(text: str, name: str) -> None:
    assert identifier(text, set()) == name


def test_is_not_taken() -> None:
    assert identifier("/", {"root"}) == "root_2"
    assert identifier("/", {"root", "root_2"}) == "root_3"
    assert identifier("class", {"class_"}) == "class_2"


@given(st.lists(st.text(max_size=8), max_size=8))
def test_is_always_a_name(texts: list[str]) -> None:
    taken: set[str] = set()
    for text in texts:
        name = identifier(text, taken)
        assert name.isidentifier()
        assert name.isascii()
        assert not name.startswith("_")
        assert name not in AVOIDED | taken
        taken.add(name)
