"""An ordinary user with a checkout of their own, and the images that the tests look into."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from fast_qemu import make_programs
from sharing import Run, run_of
from users import (
    IS_ROOT,
    REPOSITORY,
    User,
    check_out,
    make_user,
    remove_users_of_killed_runs,
    user_named,
)
from vmdsl import Size, mkgpt, mkimg, mkpart, programs
from vmdsl.boot.accel import choose
from vmdsl.boot.machine import Accel
from vmdsl.builder.cache.cache_dir import CacheDir, CacheOptions
from vmdsl.builder.filesystems.target import Target
from vmdsl.builder.tree.tree import BuildTree
from vmdsl.language.handles import Filesystem, Partition
from vmdsl.language.operation import Recorder, start_recording
from vmdsl.plan.lay_out import lay_out


@pytest.fixture(scope="session")
def run(pytestconfig: pytest.Config) -> Run:
    return run_of(pytestconfig)


@pytest.fixture(scope="session")
def user(run: Run) -> User:
    """The ordinary user of the run, for whom ./bootstrap has been run in a checkout of this tree.

    Other processes of the run may build as this user at the same time, with the same cache.
    """
    someone = user_named(run.name, run.folder / "home")

    def make() -> None:
        remove_users_of_killed_runs()
        make_user(someone)
        check_out(someone)

    run.once("user", make)
    return someone


@pytest.fixture(scope="session")
def alone(run: Run, user: User, worker_id: str) -> User:
    """An ordinary user who does nothing else meanwhile: for looking at what a build leaves."""
    someone = user_named(f"{run.name}-{worker_id}", run.folder / worker_id)
    make_user(someone)
    return replace(someone, checkout=user.checkout)


@pytest.fixture(scope="session")
def root_user(run: Run, user: User, worker_id: str) -> User:
    """The root of this machine, as one more user of vmdsl, who does nothing else meanwhile."""
    if not IS_ROOT:
        pytest.skip("this run is not root's")
    del user  # who has made the run's folder
    home = run.folder / f"root-{worker_id}"
    home.mkdir(exist_ok=True)
    return User(name="root", home=home, checkout=REPOSITORY, cache=home / "cache")


@pytest.fixture(scope="module")
def accel_of(run: Run, user: User) -> Iterator[Callable[..., Accel]]:
    """Chooses how the guests of an architecture run, and has them run in the fast QEMU."""
    folder = run.folder / "qemu"
    run.once("qemu-programs", lambda: make_programs(folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(programs, "SEARCH", f"{folder / 'bin'}:{programs.SEARCH}")
        yield partial(choose, user.home / "accel")


Image = Callable[..., Path]


@pytest.fixture(scope="session")
def image(run: Run, user: User) -> Image:
    """Builds the image of a recipe as the ordinary user, once for all tests that ask for it."""

    def image(recipe: str, *arguments: str) -> Path:
        about = hashlib.sha256("\0".join(arguments).encode()).hexdigest()[:8]
        output = user.home / f"{recipe}-{about}.img"

        def build() -> None:
            source = user.checkout / "recipes" / f"{recipe}.py"
            done = user.build(source, "--output", output, *arguments)
            assert done.returncode == 0, done.stdout

        run.once(output.name, build)
        return output

    return image


@dataclass(frozen=True, kw_only=True)
class Base:
    """The tarball of a minimal bookworm, which `system_from()` unpacks in seconds and its image."""

    tarball: Path
    image: Path


@pytest.fixture(scope="session")
def base(run: Run, user: User) -> Base:
    """Bootstrapped once for all tests that need a system and don't test bootstrapping."""
    made = Base(tarball=user.home / "base.tar", image=user.home / "base.img")

    def build() -> None:
        recipe = user.checkout / "tests/integration/recipes/base.py"
        done = user.build(recipe, "--output", made.image, "--tarball", made.tarball)
        assert done.returncode == 0, done.stdout

    run.once("base", build)
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
                offset=layout.filesystems[0].partition.start,
                size=size,
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
