"""Programs, newuidmap, the cache, and all checks together."""

from dataclasses import replace
from pathlib import Path

import pytest

from vmdsl.errors import HostError
from vmdsl.host import checks
from vmdsl.host.checks import decide, require_host
from vmdsl.host.facts import Facts, Helper, Probe
from vmdsl.host.identity import check_helpers
from vmdsl.host.packages import check_boot, check_programs, check_util_linux
from vmdsl.host.storage import check_cache, check_space

MOUNTS = "27 1 0:1 / / rw - ext4 x rw\n28 1 0:2 / /over rw - overlay x rw\n"
GOOD = Facts(
    uid=1000,
    user="me",
    cache=Path("/home/me/.cache/vmdsl"),
    util_linux="unshare from util-linux 2.41.5\n",
    helpers=(Helper(path="/usr/bin/newuidmap"), Helper(path="/usr/bin/newgidmap")),
    subuid="me:100000:65536\n",
    subgid="me:100000:65536\n",
    status="NoNewPrivs:\t0\n",
    mountinfo=MOUNTS,
    free=100 << 30,
)


def test_a_good_host() -> None:
    results = decide(GOOD)
    assert [r.problem for r in results] == [None] * len(checks.CHECKS)
    assert all(r.detail for r in results)
    assert len({r.name for r in results}) == len(results)


def test_missing_programs_are_fatal_and_their_packages_named() -> None:
    here = replace(
        GOOD, missing_programs=("newgidmap", "newuidmap"), missing_packages=("python3", "uidmap")
    )
    found = check_programs(here)
    assert found.problem
    assert found.fatal
    assert "newgidmap, newuidmap" in found.problem.what
    assert found.problem.hint.endswith(" python3 uidmap")


def test_missing_file() -> None:
    keys = "/usr/share/keyrings/debian-archive-keyring.gpg"
    found = check_programs(replace(GOOD, missing_files=(keys,)))
    assert found.problem
    assert keys in found.problem.what
    assert found.problem.hint.endswith(" debian-archive-keyring")


def test_a_package_whose_program_is_here_all_the_same_is_a_warning() -> None:
    found = check_programs(replace(GOOD, missing_packages=("mmdebstrap", "ovmf")))
    assert found.problem
    assert not found.fatal
    assert "mmdebstrap" in found.problem.what
    assert "ovmf" not in str(found.problem)


@pytest.mark.parametrize(
    ("said", "good"),
    [
        ("unshare from util-linux 2.37.4\n", False),
        ("unshare from util-linux 2.9\n", False),
        ("unshare from util-linux 2.38.1\n", True),
        ("unshare from util-linux 2.38\n", True),
        ("unshare from util-linux 3.0-rc1\n", True),
        ("unshare (another one)\n", True),
        ("", True),
    ],
)
def test_util_linux(said: str, *, good: bool) -> None:
    assert (check_util_linux(replace(GOOD, util_linux=said)).problem is None) is good


def test_boot_needs_are_a_warning() -> None:
    found = check_boot(replace(GOOD, missing_packages=("ovmf", "uidmap")))
    assert found.problem
    assert not found.fatal
    assert found.problem.hint.endswith(" ovmf")


@pytest.mark.parametrize(
    ("here", "what"),
    [
        (replace(GOOD, helpers=(Helper(path="/usr/bin/newgidmap", privileged=False),)), "setuid"),
        (replace(GOOD, helpers=(Helper(path="/opt/newuidmap", nosuid=True),)), "nosuid"),
        (replace(GOOD, status="NoNewPrivs:\t1\n"), "NoNewPrivs"),
    ],
)
def test_helpers(here: Facts, what: str) -> None:
    found = check_helpers(here)
    assert found.problem
    assert what in found.problem.what
    assert check_helpers(replace(here, uid=0)).problem is None


@pytest.mark.parametrize("helpers", [(), GOOD.helpers[:1]])
def test_helpers_that_are_missing_are_among_the_programs(helpers: tuple[Helper, ...]) -> None:
    found = check_helpers(replace(GOOD, helpers=helpers))
    assert (found.problem, found.detail) == (None, "not tried")


@pytest.mark.parametrize(
    ("cache", "probe", "what", "hint"),
    [
        ("/over/cache", Probe(code=52, output="mount: bad"), "overlay", "VMDSL_CACHE"),
        ("/over/cache", Probe(code=1), "overlay", "--cache-dir"),
        ("/c", Probe(cache_error="Permission denied"), "Permission denied", "VMDSL_CACHE"),
        ("/c", Probe(xattr_error="Not supported"), "ext4, has no user xattrs", "VMDSL_CACHE"),
        ("/c", Probe(code=52, output="mount: bad"), "ext4, can't hold layers: mount: bad", "xfs"),
        ("/c", Probe(code=52, output="mount: unknown filesystem type 'overlay'"), "", "modprobe"),
    ],
)
def test_cache(cache: str, probe: Probe, what: str, hint: str) -> None:
    found = check_cache(replace(GOOD, cache=Path(cache), probe=probe))
    assert found.problem
    assert found.fatal
    assert str(found.problem.where) == cache
    assert what in found.problem.what
    assert hint in found.problem.hint


def test_little_space_is_a_warning() -> None:
    found = check_space(replace(GOOD, free=(5 << 30) - 1))
    assert found.problem
    assert not found.fatal
    assert check_space(replace(GOOD, free=5 << 30)).problem is None


def test_require_host_raises_all_that_is_fatal_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = replace(GOOD, free=0, subuid="", missing_programs=("unshare",))

    def gather(_: Path, *, thorough: bool) -> Facts:
        assert not thorough
        return here

    monkeypatch.setattr(checks, "gather", gather)
    with pytest.raises(HostError) as caught:
        require_host(Path("/c"))
    programs, ids = caught.value.problems
    assert "unshare" in programs.what
    assert "no range of ids" in ids.what

    here = replace(GOOD, free=0)
    require_host(Path("/c"))
