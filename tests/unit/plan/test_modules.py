"""The modules of a recipe's author are found by their imports."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmdsl.plan.modules import apart, developed, own_modules, sources

USES = "from vmdsl import apt\n"
FILES = {
    "beside.py": "",
    "package/__init__.py": "from . import inner\n",
    "package/inner.py": "from .deep.most import x\n",
    "package/deep/__init__.py": "",
    "package/deep/most.py": "from ..other import y\nfrom .... import far\n",
    "package/other.py": "",
    "namespace/part.py": USES,
    "acme/__init__.py": "",
    "acme/parts.py": USES + "import acme.web, acme.disks\n",
    "acme/disks.py": "import vmdsl\n",
    "acme/web.py": "",
    "acme/recipes/__init__.py": "",
    "acme/recipes/near.py": "",
    "lib/site-packages/one.py": "",
}


@pytest.mark.parametrize(
    ("recipe", "text", "wanted"),
    [
        ("recipe.py", "import beside\n", ["beside.py"]),
        ("recipe.py", "from beside import *\n", ["beside.py"]),
        (
            "recipe.py",
            "def f() -> None:\n    import package\n",
            [
                "package/__init__.py",
                "package/inner.py",
                "package/deep/__init__.py",
                "package/deep/most.py",
                "package/other.py",
            ],
        ),
        ("recipe.py", "import package.other as o, json, vmdsl\n", None),
        ("recipe.py", "import namespace.part\n", ["namespace/part.py"]),
        ("recipe.py", "from namespace import part\n", ["namespace/part.py"]),
        (
            "acme/recipes/server.py",
            "from acme.parts import x\n",
            ["acme/parts.py", "acme/disks.py"],  # the package itself does not use vmdsl
        ),
        ("acme/recipes/server.py", "from .. import parts\n", ["acme/parts.py", "acme/disks.py"]),
        (
            "acme/recipes/server.py",
            "import acme.recipes.near\n",
            ["acme/recipes/__init__.py", "acme/recipes/near.py"],
        ),
        ("acme/recipes/server.py", "import near, beside\n", ["acme/recipes/near.py"]),
        ("lib/site-packages/recipe.py", "import one\n", []),
    ],
)
def test_modules(recipe: str, text: str, wanted: list[str] | None, tmp_path: Path) -> None:
    for name, content in {**FILES, recipe: text}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    found = own_modules(tmp_path / recipe)
    names = [str(path.relative_to(tmp_path)) for path in found]
    assert names[0] == recipe
    assert len(set(names)) == len(names)
    if wanted is None:
        assert "package/other.py" in names
        assert "package/deep/most.py" in names
    else:
        assert set(names[1:]) == set(wanted)


@pytest.mark.parametrize(
    ("recipe", "text"),
    [
        ("recipe.py", "import namespace.part\n"),
        ("acme/recipes/server.py", "import near, beside\n"),
    ],
)
def test_mypy_is_not_given_modules_that_it_would_name_otherwise(
    recipe: str, text: str, tmp_path: Path
) -> None:
    """It follows their imports."""
    for name, content in {**FILES, recipe: text}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    assert sources(tmp_path / recipe) == [tmp_path / recipe]


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages that are installed in development mode."""
    folder = tmp_path / "elsewhere"
    for name, content in {
        "dev_package/__init__.py": "",
        "dev_package/part.py": USES + "from . import web, other\nimport dev_space.deep.part\n",
        "dev_package/other.py": "import vmdsl\n",
        "dev_package/web.py": "",
        "dev_space/deep/part.py": USES,
        "dev_space/unused.py": USES,
        "dev_module.py": USES,
        "dev_plain.py": "",
        "site-packages/dev_installed.py": USES,
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    monkeypatch.syspath_prepend(folder / "site-packages")
    monkeypatch.syspath_prepend(folder)
    return folder


@pytest.mark.parametrize(
    ("text", "modules", "packages"),
    [
        ("import dev_module", ["dev_module.py"], ["dev_module.py"]),
        ("from dev_space.deep import part", ["dev_space/deep/part.py"], ["dev_space"]),
        (
            "from dev_package.part import x",
            ["dev_package/part.py", "dev_package/other.py", "dev_space/deep/part.py"],
            ["dev_package", "dev_space"],
        ),
        ("import dev_plain, dev_installed, dev_space, json, vmdsl", [], []),
    ],
)
def test_modules_in_development_mode_are_the_authors_own(
    text: str, modules: list[str], packages: list[str], tmp_path: Path, elsewhere: Path
) -> None:
    recipe = tmp_path / "recipes/pc.py"
    recipe.parent.mkdir()
    recipe.write_text(f"{text}\n", encoding="utf-8")
    assert own_modules(recipe) == [recipe, *(elsewhere / name for name in modules)]
    assert developed(recipe) == [elsewhere / name for name in packages]
    assert sources(recipe) == [recipe]


@pytest.mark.parametrize("name", ["acme/server.py", "acme/deep/most.py", "single.py"])
def test_modules_of_installed_packages_have_a_folder_of_their_own(
    name: str, tmp_path: Path
) -> None:
    """Beside them is all that is installed, which mypy would take for code of their author."""
    site = tmp_path / "lib/site-packages"
    for file in ("acme/__init__.py", "acme/deep/__init__.py", "typing_extensions.py", name):
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).write_text(USES, encoding="utf-8")
    path = apart(site / name, tmp_path / "links")
    assert apart(site / name, tmp_path / "links") == path  # where it is already
    assert path.resolve() == site / name
    folder = path.parents[len(Path(name).parts) - 1]
    assert [one.name for one in folder.iterdir()] == [Path(name).parts[0]]


def test_a_recipe_that_is_not_installed_stays_where_it_is(tmp_path: Path) -> None:
    assert apart(tmp_path / "recipe.py", tmp_path / "links") == tmp_path / "recipe.py"
    assert not (tmp_path / "links").exists()
