"""The recipes that there are, in folders and in installed packages."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from vmdsl.errors import UsageError
from vmdsl.plan.load import load
from vmdsl.plan.offered import offered_file, offered_names, offered_recipes, recipes_in

Install = Callable[..., Path]


def test_a_recipe_is_found_by_its_name_and_not_imported(install: Install) -> None:
    place = install("acme_a")
    assert "acme-server" in offered_names()
    assert offered_file("acme-server") == place / "acme_a/server.py"
    assert offered_file("acme") is None
    (found,) = (one for one in offered_recipes() if one.package == "acme_a")
    assert (found.name, found.description, found.version) == ("acme-server", "A machine.", "1.0")
    assert "acme_a" not in sys.modules


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("acme_b.sever", "there is no module acme_b.sever"),
        ("acme_c.server", "there is no module acme_c.server"),
        ("acme_b.server.main", "there is no module acme_b.server.main"),
        ("acme_b.server:main", "there is no module acme_b.server:main"),
        ("itertools", "itertools is not a module in Python"),
    ],
)
def test_a_broken_package_is_one_clear_error(install: Install, value: str, reason: str) -> None:
    install("acme_b", value)
    said = f"acme_b 1.0 offers the recipe acme-server, which cannot be used: {reason}"
    with pytest.raises(UsageError, match=said):
        offered_file("acme-server")
    (found,) = (one for one in offered_recipes() if one.package == "acme_b")
    assert found.problem == said


def test_a_recipe_that_python_cannot_read_is_listed_with_the_reason(install: Install) -> None:
    install("acme_d", source="def broken(:")
    (found,) = (one for one in offered_recipes() if one.package == "acme_d")
    assert "server.py cannot be read: invalid syntax" in found.problem


def test_two_packages_with_one_name(install: Install) -> None:
    install("acme_e")
    install("acme_f", "acme_e.server")
    assert offered_file("acme-server")  # the same one
    install("acme_g")
    with pytest.raises(UsageError, match=r"two packages offer a recipe acme-server: acme_e 1\.0"):
        offered_file("acme-server")


def test_a_package_can_be_a_recipe(install: Install) -> None:
    place = install("acme_h", "acme_h")
    assert offered_file("acme-server") == place / "acme_h/__init__.py"


def test_packages_of_a_recipe_need_no_init(install: Install) -> None:
    place = install("acme_j", "acme_j.recipes.web")
    (place / "acme_j/__init__.py").unlink()
    (place / "acme_j/recipes").mkdir()
    (place / "acme_j/recipes/web.py").write_text("")
    assert offered_file("acme-server") == place / "acme_j/recipes/web.py"


def test_a_recipe_in_a_package_may_import_from_it_with_a_dot(install: Install) -> None:
    place = install("acme_i", source="from .parts import name\n")
    (place / "acme_i/__init__.py").write_text("")
    (place / "acme_i/parts.py").write_text("name = 'acme'\n")
    recipe = load(place / "acme_i/server.py")
    assert recipe.names["name"] == "acme"
    assert recipe.name == "server"


def test_recipes_in_folders_are_known_by_their_steps(tmp_path: Path) -> None:
    sources = {
        "a.py": '"""A machine."""\nfrom vmdsl import step\n\n@step\ndef disk() -> None: ...\n',
        "b.py": "import vmdsl\n\n@vmdsl.step\ndef disk() -> None: ...\n",
        "c.py": "from vmdsl import step_if as only\n\n@only(flag)\ndef disk() -> None: ...\n",
        "d.py": "from vmdsl import *\n\n@step\ndef disk() -> None: ...\n",
        "e.py": "import vmdsl as v\n\n@v.step\ndef disk() -> None: ...\n",
        "parts.py": "from vmdsl import RootFs\n\ndef part(system: RootFs) -> None: ...\n",
        "other.py": "from elsewhere import step  # not vmdsl\n\n@step\ndef disk() -> None: ...\n",
        "wrong.py": "import vmdsl\ndef broken(:",
        "null.py": "import vmdsl\0",
        "alien.py": "def broken(:",
    }
    for name, text in sources.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "recipes.py").mkdir()
    found = {Path(one.name).name: one for one in recipes_in([tmp_path, tmp_path / "missing"])}
    assert sorted(found) == ["a.py", "b.py", "c.py", "d.py", "e.py", "null.py", "wrong.py"]
    assert found["a.py"].description == "A machine."
    assert found["wrong.py"].problem == "it cannot be read: syntax error in line 2"
    assert found["null.py"].problem.startswith("it cannot be read: ")
