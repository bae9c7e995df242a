"""Whether an image is still as it was written, from what is still the same."""

from __future__ import annotations

import json
from pathlib import Path

from vmdsl.builder.cache.cache_dir import CacheDir
from vmdsl.builder.cache.forecast import Description, Forecast, write
from vmdsl.builder.cache.keys import digest, stamp


def image_key(description: Description, tree: str) -> str:
    """A checksum of all that an image depends on, or nothing where that isn't known."""
    return digest([tree, description.image]) if tree and description.image else ""


def is_unchanged(path: Path, description: Description, expected: Forecast, cache: CacheDir) -> bool:
    """Whether a build would write just what is there."""
    key = image_key(description, expected.key)
    if not key or not all(one.how for one in expected.operations):
        return False
    try:
        noted = json.loads(_record(path, cache).read_bytes())
        return bool(noted == [key, *_identity(path)])
    except (OSError, ValueError):
        return False


def note_image(path: Path, description: Description, tree: str, cache: CacheDir) -> None:
    """Note what an image was made from, and how its file can be known again.

    What read a local file may have read another than was described, if it has changed meanwhile.
    """
    if description.image_stamps != tuple(stamp(o) for o in description.plan.image_operations):
        tree = ""
    write(_record(path, cache), [image_key(description, tree), *_identity(path)])


def _record(path: Path, cache: CacheDir) -> Path:
    return cache.images / digest(str(path))


def _identity(path: Path) -> list[int]:
    """What changes whenever a file is written."""
    about = path.stat()
    return [about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns]
