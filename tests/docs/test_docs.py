"""The documents are right: each block of code in them does what the document says.

A comment above a block says what it is for:

    <!-- file: NAME -->           saved for the blocks below it; a recipe is checked
    <!-- file: NAME, beside A and B -->  the same, where there are files A and B
    <!-- wrong: NAME -->          a recipe with mistakes, saved for the command that shows them
    <!-- added to: NAME -->       steps that are added to an earlier recipe, and checked in it
    <!-- not run here: REASON --> commands that take minutes, or depend on the machine

A block of Python without a comment is a recipe. Where a document shows what a command prints,
`…` stands for anything: alone on a line for lines, within a line for a part of it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt

import shown
from made_images import cloud_image
from shown import fits
from vmdsl.errors import RecipeError
from vmdsl.plan.plan import make_plan

REPOSITORY = Path(__file__).parents[2]
#: Its recipes are tested where they come from: tests/typing/test_explained.py.
CODES = REPOSITORY / "docs/reference/codes.md"
PAGES = sorted({*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")} - {CODES})
LANGUAGES = {"python", "sh", "console", "toml", "text", "yaml"}
#: How files of a kind start, which the plan's checks look at.
STARTS = {
    ".asc": "-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
    ".deb": "!<arch>\ndebian-binary",
    ".gpg": "\u0180",  # in UTF-8 it starts with the byte of a public key
}
QUICK = re.compile(
    r"(\./bootstrap )?vmdsl (check|plan|diff|explain|from-yaml|to-yaml|--|build .*--help$)"
)
COMMENT = re.compile(r"<!-- (file|wrong|added to|not run here): (.+) -->\s*", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block of a page; `use` and `about` are what the comment above it says."""

    where: str
    language: str
    text: str
    use: str
    about: str


def blocks(page: Path) -> Iterator[Block]:
    above = None
    for token in MarkdownIt().parse(page.read_text("utf-8")):
        if token.type == "fence":
            assert token.map is not None
            use, about = (above[1], above[2]) if above else ("", "")
            where = f"{page.name}:{token.map[0] + 1}"
            yield Block(
                where=where, language=token.info, text=token.content, use=use, about=about.strip()
            )
        above = COMMENT.fullmatch(token.content) if token.type == "html_block" else None


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _own_modules(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """What the recipes of a page import is gone with the page; packages in it can be imported."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks(page: Path, tmp_path: Path, cache: Path) -> None:
    shutil.copytree(REPOSITORY / "recipes", tmp_path / "recipes")
    for block in blocks(page):
        assert block.language in LANGUAGES, f"{block.where}: what language is this?"
        if block.use in {"file", "wrong", "added to"}:
            save(block, tmp_path, cache)
        elif block.language == "python":
            check(block, tmp_path / "recipe.py", block.text, cache)
        elif block.language == "toml":
            tomllib.loads(block.text)
        elif block.language == "yaml":
            yaml.safe_load(block.text)
        elif block.language in {"sh", "console"} and block.use != "not run here":
            run(block, tmp_path, cache)


def save(block: Block, directory: Path, cache: Path) -> None:
    name, _, beside = block.about.partition(", beside ")
    for other in filter(None, beside.split(" and ")):
        start = STARTS.get(Path(other).suffix, "")
        is_image = other.endswith(".raw")
        (directory / other).write_bytes(
            cloud_image(2**23, is_4=True) if is_image else start.encode()
        )
    path = directory / name
    if block.use == "added to":
        everything = f"{path.read_text('utf-8')}\nfrom vmdsl import *\n\n{block.text}"
        check(block, directory / f"{path.stem}_more.py", everything, cache)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.text, encoding="utf-8")
    if block.use == "wrong":
        with pytest.raises(RecipeError):
            make_plan(path, {}, cache=cache)
    elif "@step" in block.text:
        check(block, path, block.text, cache)


def check(block: Block, path: Path, text: str, cache: Path) -> None:
    """Do all that `vmdsl check` does."""
    path.write_text(text, encoding="utf-8")
    try:
        make_plan(path, {}, cache=cache)
    except RecipeError as error:
        pytest.fail(f"{block.where}: the recipe is wrong:\n{error}", pytrace=False)


def run(block: Block, directory: Path, cache: Path) -> None:
    plain = {k: v for k, v in os.environ.items() if k not in {"FORCE_COLOR", "PY_COLORS"}}
    search = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**plain, "PATH": search, "VMDSL_CACHE": str(cache), "COLUMNS": "80"}
    for command, wanted in _commands(block):
        quick = QUICK.match(command)
        assert quick, f"{block.where}: say why it is not run here: {command}"
        printed = subprocess.run(  # noqa: S602 (the documents are ours)
            command.removeprefix("./bootstrap "),
            shell=True,
            cwd=directory,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        ).stdout
        if block.language == "console" and not fits(wanted, printed):
            pytest.fail(f"{block.where}: {command} prints:\n{printed}", pytrace=False)


def _commands(block: Block) -> Iterator[tuple[str, str]]:
    """Each command, and what the document shows that it prints."""
    if block.language == "sh":
        yield from ((line, "") for line in block.text.splitlines())
        return
    yield from shown.commands(block.text)


def test_what_fits() -> None:
    assert fits("a\n…\nz\n", "a\nb\nc\nz\n")
    assert fits("a\n…\nz\n", "a\nz")
    assert fits("…\nb\n…\n", "a\na\nb\nc\n")
    assert fits("took … s", "took 1.5 s  \n")
    assert not fits("took … s", "took 1.5\ns")
    assert not fits("a", "a\nb")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_is_not_run_is_tested_elsewhere(page: Path) -> None:
    for block in blocks(page):
        if block.use == "not run here":
            for name in re.findall(r"tests/[\w/]+(?:\.py)?", block.about):
                assert (REPOSITORY / name).exists(), f"{block.where}: there is no {name}"


def test_the_package_of_recipes_is_the_tested_one() -> None:
    """tests/integration/test_package.py installs it."""
    found = blocks(REPOSITORY / "docs/how-to/share-recipes.md")
    shown = {block.about: block.text for block in found if block.use == "file"}
    package = REPOSITORY / "tests/acme"
    files = [path for path in package.rglob("*") if path.suffix in {".py", ".toml", ".txt"}]
    assert shown == {str(path.relative_to(package)): path.read_text("utf-8") for path in files}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links(page: Path) -> None:
    for token in MarkdownIt().parse(page.read_text("utf-8")):
        for child in token.children or ():
            target = str(child.attrs.get("href", "")).partition("#")[0]
            if target and "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_map_has_every_room() -> None:
    """Architecture.md has a row for each folder, and names no file or folder that is gone."""
    text = (REPOSITORY / "docs/explanation/architecture.md").read_text("utf-8")
    package = REPOSITORY / "vmdsl"
    rooms = {f"{path.parent.relative_to(package)}/" for path in package.rglob("__init__.py")}
    rows = {
        name
        for line in text.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([\w/]+/)`", line.split(" | ")[0])
    }
    assert rows == rooms - {"./"}
    named = {*rows, *re.findall(r"`(\w+(?:/\w+)*\.(?:py|txt|ini))`", text)}
    roots = (package, REPOSITORY / "stdlib", REPOSITORY)
    there = [any((root / name).exists() for root in roots) for name in named]
    assert all(there), dict(zip(named, there, strict=True))
