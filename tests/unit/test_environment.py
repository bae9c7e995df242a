"""The environment of the programs that vmdsl starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmdsl import programs
from vmdsl.builder.sandbox import environment


@pytest.mark.parametrize(
    "name", ["POSIXLY_CORRECT", "TAR_OPTIONS", "BASH_ENV", "LD_PRELOAD", "MKE2FS_SYNC", "MTOOLSRC"]
)
def test_programs_do_not_get_what_changes_them(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "1")
    monkeypatch.setenv("OF_THE_USER", "1")
    for known in (programs.environment(), environment.of_host(Path("/t"), Path("/s"), None)):
        assert name not in known
        assert known["OF_THE_USER"] == "1"
        assert known["PATH"].endswith(programs.SEARCH)


def test_probes_get_nothing_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OF_THE_USER", "1")
    assert programs.bare_environment() == {"PATH": programs.SEARCH, "LC_ALL": "C"}
