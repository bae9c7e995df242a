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
        """The changes of each operation to the tree, by the layer's key."""
        return self.path / "layers"

    @property
    def seen(self) -> Path:
        """The states of archives that an operation saw, by its key before they were known."""
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
        """The dependencies of each recipe's last build."""
        return self.path / "recipes"

    @property
    def images(self) -> Path:
        """The origin of each image, and the inode, size and times of its file."""
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
        """A file that says whether KVM works, named after the boot in which it was tried."""
        return self.path / "kvm"

    @property
    def salt(self) -> Path:
        """A file that makes checksums of secrets useless outside this cache."""
        return self.path / "salt"


@dataclass(frozen=True, kw_only=True)
class CacheOptions:
    """The options for the cache. Without `use`, a build takes nothing from it and keeps nothing.

    `refresh` fetches the archives' indexes again. `offline` uses no network, only the last
    indexes, and the packages in the cache.
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
        raise UsageError(
            "This user has no home directory: set VMDSL_CACHE.", code="cache"
        ) from None
