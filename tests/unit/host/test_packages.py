from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

import pytest

import vmdsl
from vmdsl import programs
from vmdsl.host import packages
from vmdsl.host.packages import (
    FILES,
    installed,
    parse,
    wanted,
)
from vmdsl.language.operation import Operation, Work
from vmdsl.programs import PACKAGES, Finished, apt_get_install, how_to_get


def test_parse_reads_sections_and_leaves_out_comments() -> None:
    text = "# why\n\n[build]\nmmdebstrap  # the first tree\n  uidmap\n#gone\n[boot]\novmf\n"
    assert parse(text) == {"build": ("mmdebstrap", "uidmap"), "boot": ("ovmf",)}


def test_the_list_has_these_sections_and_no_package_twice() -> None:
    names = [name for section in get_args(packages.Section) for name in wanted(section)]
    assert sorted(names) == sorted(set(names))
    assert all(name.replace("-", "").isalnum() for name in names)


def test_the_how_to_names_what_builds_and_boots_need() -> None:
    text = (Path(__file__).parents[3] / "docs/how-to/install.md").read_text(encoding="utf-8")
    command = text.partition("--no-install-recommends \\\n")[2].partition("```")[0]
    assert command.replace("\\\n", "").split() == [*wanted("build"), *wanted("boot")]


@pytest.mark.parametrize("package", sorted({*PACKAGES.values(), *FILES.values()}))
def test_what_a_build_uses_comes_from_a_listed_package(package: str) -> None:
    assert package in wanted("build")


def operations(base: type[Operation] = Operation) -> Iterator[type[Operation]]:
    for kind in base.__subclasses__():
        if kind.__module__.startswith(f"{vmdsl.__name__}."):
            yield kind
        yield from operations(kind)


def programs_of(kind: type[Operation]) -> Mapping[str, str] | tuple[str, ...]:
    return kind.programs if issubclass(kind, Work) else ()


WITH_PROGRAMS = sorted({k for k in operations() if programs_of(k)}, key=lambda k: k.__name__)


@pytest.mark.parametrize("kind", WITH_PROGRAMS, ids=lambda k: k.__name__)
def test_programs_of_operations_come_from_a_listed_package(kind: type[Operation]) -> None:
    """Those of some operations only are optional; those that have no package here any build has."""
    if isinstance(found := programs_of(kind), Mapping):
        assert set(found.values()) <= set(wanted("optional"))
    else:
        assert set(programs_of(kind)) <= {*PACKAGES, "sh", "tar"}


def test_how_to_get_a_program() -> None:
    assert how_to_get("mkfs.xfs", "xfsprogs").endswith("--no-install-recommends xfsprogs")
    assert how_to_get("unshare").endswith("--no-install-recommends util-linux")
    assert how_to_get("qrencode") == "install the package that has qrencode"


def test_installed_means_unpacked_and_configured() -> None:
    status = (
        "git installed\nuidmap config-files\nacl half-configured\nattr not-installed\n"
        "dpkg-query: no packages found matching ovmf\n"
    )
    assert installed(status) == {"git"}


def test_missing_keeps_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    def query(argv: tuple[str, ...]) -> Finished:
        return Finished(argv=argv, code=1, output="git installed\n")

    monkeypatch.setattr(programs, "run", query)
    assert packages.missing(["uidmap", "git", "acl"]) == ("uidmap", "acl")


def test_nothing_is_known_to_be_missing_without_dpkg(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_dpkg(argv: tuple[str, ...]) -> Finished:
        raise FileNotFoundError(argv[0])

    monkeypatch.setattr(programs, "run", no_dpkg)
    assert packages.missing(["uidmap"]) == ()


def test_apt_get_install_names_each_package_once() -> None:
    said = apt_get_install(["uidmap", "acl", "uidmap"])
    assert said == "As root: apt-get install --no-install-recommends acl uidmap"
