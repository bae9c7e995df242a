"""The directory that builds keep files in for later builds, and how a build uses it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vmdsl.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class CacheDir:
    """A cache directory, at an absolute path. It need not exist yet.

    Its parts are directories, but for `salt`, which is a file.
    """

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    @property
    def layers(self) -> Path:
        """What each operation changed in the tree, by the layer's key."""
        return self.path / "layers"

    @property
    def seen(self) -> Path:
        """Which states of archives an operation saw, by its key before that was known."""
        return self.path / "seen"

    @property
    def locks(self) -> Path:
        """Files that are locked by the build that makes a layer."""
        return self.path / "locks"

    @property
    def archives(self) -> Path:
        """Package indexes."""
        return self.path / "archives"

    @property
    def debs(self) -> Path:
        """Downloaded packages, by their checksum."""
        return self.path / "debs"

    @property
    def recipes(self) -> Path:
        """What the last build of each recipe depended on."""
        return self.path / "recipes"

    @property
    def images(self) -> Path:
        """What each image was made from, and how its file is recognized."""
        return self.path / "images"

    @property
    def failed_trees(self) -> Path:
        """Trees of failed builds, kept on request."""
        return self.path / "kept"

    @property
    def logs(self) -> Path:
        """The logs of the last builds."""
        return self.path / "logs"

    @property
    def builds(self) -> Path:
        """The workspaces of the builds that are running, and of those that were killed."""
        return self.path / "builds"

    @property
    def mypy(self) -> Path:
        """The cache of mypy."""
        return self.path / "mypy"

    @property
    def kvm(self) -> Path:
        """Whether KVM works, by the boot of the machine in which that was tried."""
        return self.path / "kvm"

    @property
    def salt(self) -> Path:
        """A file that makes checksums of secrets useless outside of this cache."""
        return self.path / "salt"


@dataclass(frozen=True, kw_only=True)
class CacheOptions:
    """How a build uses the cache. Without `use` it neither takes anything from it nor keeps any.

    `refresh` asks the archives for their current state. `offline` uses no network: only the
    state of the archives that was seen last, and packages that are in the cache.
    """

    use: bool = True
    refresh: bool = False
    offline: bool = False


def default_cache_dir(env: Mapping[str, str] = os.environ) -> CacheDir:
    """Return the directory $VMDSL_CACHE, or vmdsl in the user's cache directory.

    A relative $XDG_CACHE_HOME is ignored, as its specification demands. Raises UsageError where
    the user has no home directory.
    """
    if own := env.get("VMDSL_CACHE"):
        return CacheDir(path=Path(own).absolute())
    users = Path(env.get("XDG_CACHE_HOME", ""))
    if users.is_absolute():
        return CacheDir(path=users / "vmdsl")
    try:
        return CacheDir(path=Path.home().absolute() / ".cache" / "vmdsl")
    except RuntimeError:
        raise UsageError("This user has no home directory: set VMDSL_CACHE.") from None
