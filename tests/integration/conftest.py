"""An ordinary user with a checkout of their own, and the images that the tests look into.

When the run is root's, it makes the user, with a subuid range, and removes it at the end; the
user's first command is the README's: `./bootstrap`. An ordinary user's run uses that user.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from vmdsl import Size, mkgpt, mkimg, mkpart
from vmdsl.build.job import CacheOptions, Job
from vmdsl.build.tools import Target
from vmdsl.build.tree import BuildTree
from vmdsl.language import recording
from vmdsl.language.handles import Filesystem, Partition
from vmdsl.language.recording import Recorder
from vmdsl.plan.lay_out import lay_out

REPOSITORY = Path(__file__).parents[2]
IS_ROOT = os.geteuid() == 0
_MINUTES = 60


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, for when two processes share the tests."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    if item.path.parent.name == "images":
        return 1 if item.path.stem == "test_upgrades" else 0
    return 2 if item.get_closest_marker("integration") else 3


@dataclass(frozen=True, kw_only=True)
class User:
    """Somebody who runs vmdsl: an account, its home, and the checkout in it."""

    name: str
    home: Path
    checkout: Path
    cache: Path

    def argv(self, *command: str | Path) -> list[str]:
        """The command line that runs a command as this user; the process is the command's own."""
        account = pwd.getpwnam(self.name)
        become = (
            ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--init-groups"]
            if account.pw_uid != os.geteuid()
            else []
        )
        environment = [f"HOME={self.home}", f"USER={self.name}", f"VMDSL_CACHE={self.cache}"]
        return [*become, "env", *environment, *map(str, command)]

    def vmdsl(self, *arguments: str | Path) -> list[str]:
        """The command line of a vmdsl command."""
        return self.argv(self.checkout / ".venv/bin/vmdsl", *arguments)

    def run(
        self, *command: str | Path, timeout: float = 10 * _MINUTES
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in this user's home."""
        return self._run(self.argv(*command), timeout)

    def build(
        self, recipe: Path, *arguments: str | Path, timeout: float = 15 * _MINUTES
    ) -> subprocess.CompletedProcess[str]:
        """Run `vmdsl build`."""
        return self._run(self.vmdsl("build", recipe, *arguments), timeout)

    def _run(self, argv: list[str], timeout: float) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )

    def folder(self, name: str) -> Path:
        """A new folder of this user's."""
        made = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.home))
        if IS_ROOT:
            account = pwd.getpwnam(self.name)
            os.chown(made, account.pw_uid, account.pw_gid)
        return made

    def file(self, path: Path, content: str) -> Path:
        """Write a file that belongs to this user."""
        path.write_text(content, encoding="utf-8")
        if IS_ROOT:
            account = pwd.getpwnam(self.name)
            os.chown(path, account.pw_uid, account.pw_gid)
        return path


@pytest.fixture(scope="session")
def user() -> Iterator[User]:
    """An ordinary user, for whom ./bootstrap has been run in a checkout of this tree."""
    if not IS_ROOT:
        name = pwd.getpwuid(os.getuid()).pw_name
        home = Path(tempfile.mkdtemp(prefix="vmdsl-test-", dir="/var/tmp"))
        yield User(name=name, home=home, checkout=REPOSITORY, cache=home / "cache")
        shutil.rmtree(home, ignore_errors=True)
        return
    name = f"vmdsl-test-{os.getpid()}"
    home = Path("/var/tmp") / name
    subprocess.run(
        ["useradd", "--create-home", "--home-dir", home, "--key", "HOME_MODE=0755", name],
        check=True,
        capture_output=True,
    )
    try:
        ranges = Path("/etc/subuid").read_text(encoding="utf-8")
        assert f"{name}:" in ranges, "useradd gave the new user no subuid range"
        someone = User(name=name, home=home, checkout=home / "checkout", cache=home / "cache")
        _check_out(someone)
        ready = someone.run(someone.checkout / "bootstrap", "vmdsl", "doctor")
        assert ready.returncode == 0, ready.stdout
        yield someone
    finally:
        subprocess.run(["pkill", "-KILL", "-U", name], check=False)
        subprocess.run(["userdel", "--remove", name], check=False, capture_output=True)
        shutil.rmtree(home, ignore_errors=True)


def _check_out(user: User) -> None:
    """Copy what git has, or would have, of this tree."""
    names = subprocess.run(
        [
            "git",
            "-c",
            f"safe.directory={REPOSITORY}",
            "ls-files",
            "-z",
            "-co",
            "--exclude-standard",
        ],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, names.split("\0")):
        source, target = REPOSITORY / name, user.checkout / name
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    subprocess.run(["chown", "-R", f"{user.name}:", user.checkout], check=True)


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
            undo = recording.start(recorder)
            format_(mkpart(mkgpt(mkimg(Size(2 * 2**20 + size))), size=Size(size)))
            undo()
            layout, problems = lay_out(recorder.operations, recipe="r", seed="")
            assert layout is not None
            assert problems == []
            image.truncate(0)
            image.truncate(2 * 2**20 + size)
            job = Job(
                recipe=tmp_path / "r.py",
                layout=layout,
                tree_operations=(),
                image_operations=(),
                cache=tmp_path,
                caching=CacheOptions(),
                workspace=tmp_path,
                image=image.fileno(),
                log=log.fileno(),
                epoch=0,
                secrets={},
            )
            return Target(
                filesystem=layout.filesystems[0],
                image=image.fileno(),
                tree=BuildTree(job, tmp_path),
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
