"""debootstrap: what it refuses, its defaults, and the date of the archive."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vmdsl import Mounted, Source, debootstrap
from vmdsl.language.operation import Recorder, Refused, Work
from vmdsl.operations.packages.apt_index import archive_date
from vmdsl.operations.systems.mmdebstrap import Debootstrap

RELEASE = "Origin: Debian\nDate: {}\nAcquire-By-Hash: yes\n"
FIRST, SECOND = "Sat, 09 Aug 2025 09:23:45 UTC", "Sun, 10 Aug 2025 00:00:00 UTC"
FIRST_SECONDS, SECOND_SECONDS = 1754731425, 1754784000


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"include": "curl"}, "include= is one text"),
        ({"exclude": "curl"}, "exclude= is one text"),
        ({"components": "main"}, "components= is one text"),
        ({"include": ["Curl"]}, "'Curl' is not the name of a package"),
        ({"exclude": ["curl vim"]}, "'curl vim' is not the name of a package"),
        ({"include": ["--force"]}, "'--force' is not the name"),
        ({"suite": "a b"}, "'a b' is not the name of a suite"),
        ({"variant": "tiny"}, "variant='tiny' is not known"),
        ({"components": ["main contrib"]}, "'main contrib' cannot be one of the components"),
        ({"format": "list"}, "format='list' is not known"),
        ({"mirror": "mirror.example/debian"}, "'mirror.example/debian' is not an address"),
        ({"mirror": "http:///debian"}, "'http:///debian' names no machine"),
        ({"mirror": "http://mirror.example/a b"}, "is not an address"),
        ({"mirror": "file:///srv/mirror"}, "file: is a place in the system"),
        ({"proxy": "proxy.example:3128"}, "'proxy.example:3128' is not the address of a proxy"),
        ({"tls_ca_certs": "acme.crt"}, "tls_ca_certs= is one text"),
        ({"tls_ca_certs": ["acme.pem"]}, "acme.pem is not a certificate"),
        (
            {"sources": [Source(name="debian", uris=["http://a.example"], suites=["x"])]},
            "there are two sources debian",
        ),
        ({"sources": [Source(name="a", uris=["copy:/srv"], suites=["x"])]}, "copy: is a place"),
    ],
)
def test_refused(recorder: Recorder, root: Mounted[Any], arguments: Any, what: str) -> None:
    before = list(recorder.operations)
    with pytest.raises(Refused):
        debootstrap(root, **{"suite": "trixie", **arguments})
    assert [what in p.what for p in recorder.problems] == [True]
    assert recorder.operations == before


@pytest.mark.parametrize(
    ("suite", "form"),
    [
        ("bullseye", "one-line"),
        ("bookworm", "one-line"),
        ("bookworm-backports", "one-line"),
        ("trixie", "deb822"),
        ("unstable", "deb822"),
    ],
)
def test_form_of_the_sources(recorder: Recorder, root: Mounted[Any], suite: str, form: str) -> None:
    debootstrap(root, suite=suite, mirror="http://mirror.example/debian")
    operation = recorder.operations[-1]
    assert isinstance(operation, Debootstrap)
    assert operation.format == form


def test_local_files_and_the_proxy(recorder: Recorder, root: Mounted[Any]) -> None:
    source = Source(name="acme", uris=["http://a.example"], suites=["x"], keyring="acme.asc")
    system = debootstrap(
        root,
        suite="trixie",
        keyring="/usr/share/keyrings/other.gpg",
        sources=[source],
        tls_ca_certs=["acme.crt"],
        proxy="http://proxy.example:3128",
    )
    files = ["/usr/share/keyrings/other.gpg", "acme.asc", "acme.crt"]
    made = recorder.operations[-1]
    assert isinstance(made, Work)
    assert [str(file) for file in made.local_files()] == files
    assert system.proxy == "http://proxy.example:3128"


def test_archive_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest of all indexes, whatever files they came as."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    (tmp_path / "a_dists_trixie_InRelease").write_text(RELEASE.format(FIRST), encoding="utf-8")
    (tmp_path / "a_dists_trixie_main_Packages").write_text("Date: nonsense", encoding="utf-8")
    assert archive_date(tmp_path) == FIRST_SECONDS
    (tmp_path / "b_dists_updates_Release").write_text(RELEASE.format(SECOND), encoding="utf-8")
    assert archive_date(tmp_path) == SECOND_SECONDS


def test_archive_date_without_an_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    with pytest.raises(ValueError, match="empty"):
        archive_date(tmp_path)


def test_environment_has_the_last_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    assert archive_date(tmp_path) == 1
