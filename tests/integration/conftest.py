"""An ordinary user with a checkout of their own, and the images that the tests look into."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from users import IS_ROOT, REPOSITORY, User, ordinary_user
from vmdsl import Size, mkgpt, mkimg, mkpart
from vmdsl.builder.cache.cache_dir import CacheDir, CacheOptions
from vmdsl.builder.filesystems.target import Target
from vmdsl.builder.tree.tree import BuildTree
from vmdsl.language.handles import Filesystem, Partition
from vmdsl.language.operation import Recorder, start_recording
from vmdsl.plan.lay_out import lay_out


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, for when two processes share the tests."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    if item.path.parent.name == "images":
        return 1 if item.path.stem == "test_upgrades" else 0
    if item.path.stem == "test_corpus_images":
        return 1
    return 2 if item.get_closest_marker("integration") else 3


@pytest.fixture(scope="session")
def user() -> Iterator[User]:
    """An ordinary user, for whom ./bootstrap has been run in a checkout of this tree."""
    with ordinary_user() as someone:
        yield someone


@pytest.fixture(scope="session")
def root_user(tmp_path_factory: pytest.TempPathFactory) -> User:
    """The root of this machine, as one more user of vmdsl."""
    if not IS_ROOT:
        pytest.skip("this run is not root's")
    home = tmp_path_factory.mktemp("root")
    return User(name="root", home=home, checkout=REPOSITORY, cache=home / "cache")


@pytest.fixture(scope="session")
def image(user: User) -> Callable[..., Path]:
    """Builds the image of a recipe as the ordinary user, once for all tests that ask for it."""
    built: dict[tuple[str, ...], Path] = {}

    def build(recipe: str, *arguments: str) -> Path:
        key = (recipe, *arguments)
        if key not in built:
            output = user.folder("image") / f"{recipe}.img"
            done = user.build(
                user.checkout / "recipes" / f"{recipe}.py", "--output", output, *arguments
            )
            assert done.returncode == 0, done.stdout
            built[key] = output
        return built[key]

    return build


@dataclass(frozen=True, kw_only=True)
class Base:
    """The tarball of a minimal bookworm, which `system_from()` unpacks in seconds and its image."""

    tarball: Path
    image: Path


@pytest.fixture(scope="session")
def base(user: User) -> Base:
    """Bootstrapped once for all tests that need a system and don't test bootstrapping."""
    folder = user.folder("base")
    made = Base(tarball=folder / "base.tar", image=folder / "base.img")
    recipe = user.checkout / "tests/integration/recipes/base.py"
    done = user.build(recipe, "--output", made.image, "--tarball", made.tarball)
    assert done.returncode == 0, done.stdout
    return made


@pytest.fixture
def target_of(tmp_path: Path) -> Iterator[Callable[..., Target]]:
    """Makes a filesystem of a size that is to be written to a file of its own."""
    (tmp_path / "scratch").mkdir()
    with (tmp_path / "image").open("w+b") as image, (tmp_path / "log").open("wb") as log:

        def make(format_: Callable[[Partition], Filesystem], size: int) -> Target:
            recorder = Recorder(tmp_path / "r.py", value_of=id, result_of=id, step="it")
            undo = start_recording(recorder)
            format_(mkpart(mkgpt(mkimg(Size(2 * 2**20 + size))), size=Size(size)))
            undo()
            layout, problems = lay_out(recorder.operations, recipe="r", seed="")
            assert layout is not None
            assert problems == []
            image.truncate(0)
            image.truncate(2 * 2**20 + size)
            tree = BuildTree(
                layout=layout,
                operations=(),
                recipe_directory=tmp_path,
                workspace=tmp_path,
                log=log.fileno(),
                cache=CacheDir(path=tmp_path),
                caching=CacheOptions(),
                epoch=0,
                secrets={},
            )
            return Target(
                filesystem=layout.filesystems[0],
                image=image.fileno(),
                tree=tree,
                log=log.fileno(),
            )

        yield make


@pytest.fixture(scope="session")
def host_mirror() -> str:
    """The mirror that this machine's own packages come from."""
    sites = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    return next(site for site in sites if "security" not in site and "debian" in site)
