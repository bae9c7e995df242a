"""The two sides of the comparison: how each is run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import kpartx
from users import User

_HERE = Path(__file__).parent
_MINUTES = 60
_PATIENCE = 15 * _MINUTES


def timed(argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> float:
    """Run a command, and say how many seconds it took. What it prints is shown if it fails."""
    os.sync()  # what was written before is not to be waited for
    started = time.monotonic()
    process = subprocess.Popen(
        ["env", "--default-signal=INT", *map(str, argv)],
        cwd=cwd,
        env=_environment(env or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    try:
        said, _ = process.communicate(timeout=_PATIENCE)
    except BaseException:
        process.send_signal(signal.SIGINT)  # both sides clean up after themselves then
        process.communicate()
        raise
    seconds = time.monotonic() - started
    if process.returncode:
        sys.stderr.write(said[-5000:])
        raise SystemExit(f"{' '.join(map(str, argv))} failed with exit code {process.returncode}")
    return seconds


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    """This one, but Python keeps what it has compiled, as it does if it isn't told otherwise."""
    own = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**own, **more}


def host_mirror() -> str:
    """The mirror that this machine's own packages come from."""
    sites = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.split()
    return next(site for site in sites if "security" not in site and "debian" in site)


@dataclass(frozen=True, kw_only=True)
class Vmdb2:
    """The Debian package vmdb2, as root, which it needs."""

    folder: Path
    mirror: str

    @property
    def image(self) -> Path:
        return self.folder / "announcement.img"

    @property
    def tarball(self) -> Path:
        return self.folder / "rootfs.tar.gz"

    def cold(self, *, proxy: str = "") -> float:
        """Build without its tarball, which is made."""
        self.tarball.unlink(missing_ok=True)
        return self.with_tarball(proxy=proxy)

    def with_tarball(self, *, proxy: str = "") -> float:
        """Build with its tarball, if there is one."""
        tarball = f"--rootfs-tarball={self.tarball}"
        env = {"http_proxy": proxy} if proxy else {}
        return self.build(_HERE / "announcement.vmdb", tarball, env=env)

    def build(self, spec: Path, *options: str, env: Mapping[str, str]) -> float:
        """Build a specification from scratch, but for what its options give."""
        self.image.unlink(missing_ok=True)
        own = (f"--output={self.image}", f"--variable=mirror={self.mirror}")
        path = f"{self.folder}/bin:/usr/local/sbin:/usr/sbin:/sbin:{os.environ['PATH']}"
        return timed(
            ["vmdb2", spec, *own, f"--log={self.folder / 'log'}", *options],
            cwd=self.folder,
            env={"PATH": path, **env},
        )


@contextmanager
def made_vmdb2() -> Iterator[Vmdb2]:
    """vmdb2 with a folder of its own, which is removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="vmdsl-bench-", dir="/var/tmp"))
    try:
        if kpartx.is_needed():
            kpartx.install(folder / "bin")
        yield Vmdb2(folder=folder, mirror=host_mirror())
    finally:
        shutil.rmtree(folder)


@dataclass(frozen=True, kw_only=True)
class Vmdsl:
    """vmdsl as an ordinary user, with its cache in `cache`; recipes are files of that user."""

    user: User
    cache: Path
    folder: Path

    @property
    def recipe(self) -> Path:
        return self.folder / "announcement.py"

    @property
    def image(self) -> Path:
        return self.folder / "announcement.img"

    def write(self, change: Callable[[str], str] = str) -> None:
        """Write the recipe, changed or as it is."""
        source = self.user.checkout / "recipes/announcement.py"
        self.user.file(self.recipe, change(source.read_text(encoding="utf-8")))

    def build(self, *, proxy: str = "") -> float:
        """Build the recipe."""
        argv = self.user.vmdsl("build", self.recipe, "-o", self.image, "--cache-dir", self.cache)
        return timed(argv, cwd=self.folder, env={"http_proxy": proxy} if proxy else None)

    def timings(self) -> str:
        """Where the time of the last build went, as its log says."""
        logs = (self.cache / "logs").glob("*.log")
        text = max(logs, key=lambda log: log.stat().st_mtime).read_text(encoding="utf-8")
        return text[text.rindex("  seconds      cpu\n") :].replace(str(self.user.home), "…")

    def check(self) -> float:
        """Check the recipe."""
        argv = self.user.vmdsl("check", self.recipe, "--cache-dir", self.cache)
        return timed(argv, cwd=self.folder)

    def mypy(self) -> float:
        """Run mypy on the recipe, as its author would."""
        argv = self.user.argv(self.user.checkout / ".venv/bin/mypy", self.recipe.name)
        return timed(argv, cwd=self.folder)

    def forget(self, *names: str) -> None:
        """Remove parts of the cache, or all of it."""
        for name in names:
            shutil.rmtree(self.cache / name, ignore_errors=True)
        if not names:
            shutil.rmtree(self.cache, ignore_errors=True)


@contextmanager
def memory_disk(place: Path, owner: str) -> Iterator[Path]:
    """A tmpfs that belongs to a user."""
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", place], check=True)
    try:
        shutil.chown(place, owner, owner)
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)
        place.rmdir()
