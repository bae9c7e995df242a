"""The name that somebody meant: never what was written, never one that leads astray."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

import vmdsl
from vmdsl.language.partition_types import PartitionType
from vmdsl.operations.packages.archives import suite_meant
from vmdsl.similar import closest, did_you_mean, similar_file
from vmdsl.values import debian_suites, suite_aliases, suite_versions
from vmdsl.vmdb2.from_yaml.flow import FILESYSTEMS


@pytest.mark.parametrize(
    ("written", "known", "meant"),
    [
        ("siez", ["size", "start"], "size"),  # two letters exchanged
        ("lable", ["table", "label"], "label"),
        ("sise", ["size", "start"], "size"),
        ("Size", ["size"], "size"),
        ("min-base", ["minbase", "buildd"], "minbase"),
        ("default_parameter", ["parameters", "default-parameters"], "default-parameters"),
        ("size", ["size"], ""),  # never what was written
        ("size", ["size", "sizes"], "sizes"),
        ("a", ["b"], ""),  # a letter is like any other
        ("linux", ["luks", "prep"], ""),
        ("efi", ["fat"], ""),  # a word of other tools, for something that isn't there
        ("x", [], ""),
    ],
)
def test_closest(written: str, known: list[str], meant: str) -> None:
    assert closest(written, known) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("efi", "esp"),
        ("EF00", "esp"),
        ("linux-swap", "swap"),
        ("bios_grub", "bios-boot"),
        ("fat32", "fat"),
        ("ext4", "linux"),
        ("root-x86-64", "root-amd64"),
        ("swpa", "swap"),
        ("EFI System", "esp"),
        ("bios", "bios-boot"),
        ("root", "linux"),
        ("zfs", ""),
    ],
)
def test_types_of_partitions(written: str, meant: str) -> None:
    assert closest(written, get_args(PartitionType)) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [("efi", "vfat"), ("fat32", "vfat"), ("linux-swap", ""), ("ext", "ext4"), ("btfs", "btrfs")],
)
def test_filesystems(written: str, meant: str) -> None:
    assert closest(written, FILESYSTEMS) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("trixi", "trixie"),
        ("bulseye", "bullseye"),
        ("13", "trixie"),
        ("noble", ""),
        ("jammy", ""),
        ("latest", ""),
    ],
)
def test_suites(written: str, meant: str) -> None:
    known = [*debian_suites(), *suite_aliases()]
    assert closest(written, known, suite_versions()) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("mkgtp", "mkgpt"),
        ("mkfs", "mkext4"),
        ("mkdir", "create_directory"),
        ("run", "chroot"),
        ("requests", ""),
    ],
)
def test_functions(written: str, meant: str) -> None:
    assert closest(written, vmdsl.__all__) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Trixie", "trixie"),
        ("Debian 13", "trixie"),
        ("12.5", "bookworm"),
        ("trixie-backport", "trixie-backports"),
        ("bulseye/updates", "bullseye/updates"),
        ("trixie-x", ""),
        ("99", ""),
        ("noble", ""),
    ],
)
def test_hint_at_a_suite(written: str, meant: str) -> None:
    assert suite_meant(written) == (f"did you mean {meant}?" if meant else "")


def test_hint() -> None:
    assert did_you_mean("lable", ["label"], "{}=") == "did you mean label=?"
    assert did_you_mean("x", ["label"]) == ""


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("mtod", "motd"),
        ("motd.txt", "motd"),
        ("key.gpg", "key.asc"),
        ("a.txt", None),  # a suffix in common says nothing
        ("link", None),  # itself
        ("links", None),  # leads nowhere
    ],
)
def test_files(tmp_path: Path, written: str, meant: str | None) -> None:
    for name in ("motd", "key.asc", "b.txt"):
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to("missing")
    assert similar_file(tmp_path / written) == (tmp_path / meant if meant else None)
    assert similar_file(tmp_path / "missing" / written) is None
