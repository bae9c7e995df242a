"""The package's long description, and the versions that it allows."""

import sys
import tomllib
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_links_of_the_readme_are_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for interface, name in (
        ("hatchling.metadata.plugin.interface", "MetadataHookInterface"),
        ("hatchling.builders.hooks.plugin.interface", "BuildHookInterface"),
    ):
        monkeypatch.setitem(sys.modules, interface, SimpleNamespace(**{name: dict}))
    monkeypatch.syspath_prepend(REPOSITORY)
    hook: Any = import_module("hatch_build").LongDescription()
    hook.root = tmp_path
    readme = "[a](docs/a.md#b) [b](https://b.example/c) [c](#here) `f(x)` [d](LICENSE)"
    (tmp_path / "README.md").write_text(readme, encoding="utf-8")
    metadata: dict[str, Any] = {"urls": PROJECT["urls"]}
    hook.update(metadata)
    base = f"{PROJECT['urls']['Source']}/blob/main"
    assert metadata["readme"]["text"] == (
        f"[a]({base}/docs/a.md#b) [b](https://b.example/c) [c](#here) `f(x)` [d]({base}/LICENSE)"
    )


@pytest.mark.parametrize("needed", PROJECT["dependencies"])
def test_every_dependency_has_bounds(needed: str) -> None:
    """`nox -s versions` tests both ends."""
    assert needed.count(">=") == 1
    assert needed.count(",<") == 1
