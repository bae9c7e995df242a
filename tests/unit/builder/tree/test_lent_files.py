"""Stand-ins are taken away again, and nothing else: neither what a recipe wrote, nor a copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmdsl.builder.tree import lent_files
from vmdsl.builder.tree.layers import seal
from vmdsl.builder.tree.lent_files import NO_DAEMONS, StandIn, give_back, lend

MACHINE = "nameserver 192.0.2.1\n"
RESOLVER = lent_files.resolver(MACHINE)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    return tmp_path / "etc/resolv.conf"


def lent(place: Path) -> StandIn:
    return lend(place, RESOLVER, 0o644)


def test_a_resolver_has_the_lines_of_the_machine() -> None:
    assert RESOLVER.decode().splitlines()[1:] == ["nameserver 192.0.2.1"]


def test_nothing_was_there_and_nothing_is(place: Path) -> None:
    give_back(lent(place))
    assert not place.exists()


def test_the_file_of_a_recipe_returns_as_it_was(place: Path) -> None:
    place.write_text("nameserver 192.0.2.9\n", encoding="ascii")
    place.chmod(0o600)
    before = place.stat()
    stand_in = lent(place)
    assert place.read_bytes() == RESOLVER
    give_back(stand_in)
    after = place.stat()
    assert place.read_text(encoding="ascii") == "nameserver 192.0.2.9\n"
    assert (after.st_ino, after.st_mode, after.st_mtime_ns) == (
        before.st_ino,
        before.st_mode,
        before.st_mtime_ns,
    )


def test_a_symlink_returns(place: Path) -> None:
    place.symlink_to("../opt/resolv.conf")
    give_back(lent(place))
    assert place.readlink() == Path("../opt/resolv.conf")


@pytest.mark.parametrize("before", [None, "nameserver 192.0.2.9\n"])
@pytest.mark.parametrize("anew", [False, True])
def test_what_a_step_wrote_stays_though_the_machine_says_the_same(
    place: Path, before: str | None, *, anew: bool
) -> None:
    if before is not None:
        place.write_text(before, encoding="ascii")
    stand_in = lent(place)
    if anew:
        place.unlink()
    place.write_text(MACHINE, encoding="ascii")
    give_back(stand_in)
    assert place.read_text(encoding="ascii") == MACHINE


def test_the_policy_that_a_step_wrote_stays(place: Path) -> None:
    stand_in = lend(place, NO_DAEMONS, 0o755)
    place.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
    give_back(stand_in)
    assert place.read_text(encoding="ascii") == "#!/bin/sh\nexit 101\n"


@pytest.mark.parametrize(("before", "after"), [(None, ""), ("nameserver 192.0.2.9\n",) * 2])
def test_what_a_step_added_is_behind_the_file_that_was_there(
    place: Path, before: str | None, after: str
) -> None:
    if before is not None:
        place.write_text(before, encoding="ascii")
    stand_in = lent(place)
    with place.open("a", encoding="ascii") as file:
        file.write("options rotate\n")
    give_back(stand_in)
    assert place.read_text(encoding="ascii") == f"{after}options rotate\n"


def test_a_file_that_was_removed_or_became_a_symlink_stays_so(place: Path) -> None:
    place.write_text("nameserver 192.0.2.9\n", encoding="ascii")
    stand_in = lent(place)
    place.unlink()
    give_back(stand_in)
    assert not place.exists()
    place.symlink_to("../run/x")
    give_back(stand_in)
    assert place.is_symlink()


def test_a_backup_of_a_stand_in_is_no_file_of_the_layer(place: Path) -> None:
    """systemd-resolved moves the file away when it is installed."""
    stand_in = lent(place)
    backup = place.rename(place.with_name(".resolv.conf.bak"))
    other = place.with_name("other")
    other.write_bytes(RESOLVER.replace(b"1", b"2"))
    give_back(stand_in)
    seal(place.parent, 0, [stand_in])
    assert not backup.exists()
    assert other.exists()


def test_a_backup_of_a_stand_in_is_one_of_the_file_that_was_there(place: Path) -> None:
    place.write_text("nameserver 192.0.2.9\n", encoding="ascii")
    stand_in = lent(place)
    backup = place.rename(place.with_name(".resolv.conf.bak"))
    give_back(stand_in)
    seal(place.parent, 0, [stand_in])
    assert backup.read_text(encoding="ascii") == "nameserver 192.0.2.9\n"
    assert backup.stat().st_mtime == 0
