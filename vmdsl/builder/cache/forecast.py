"""Forecasts which layers of a build are in the cache, and why the others are not.

This starts no program.
"""

from __future__ import annotations

import json
import os
import secrets as random
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vmdsl.builder.cache.answers import digest_of_answers
from vmdsl.builder.cache.archives import Archives
from vmdsl.builder.cache.cache_dir import CacheDir, CacheOptions
from vmdsl.builder.cache.checksums import digest, identity_of, stamp
from vmdsl.builder.cache.keys import Describer, Inputs
from vmdsl.builder.cache.reasons import why
from vmdsl.builder.cache.store import Layer, Store, base_of, key_of
from vmdsl.builder.cache.tools import KnownTools, Tools, key_of_parts, tools_for
from vmdsl.errors import HostError
from vmdsl.language.effects import TreeOperation
from vmdsl.language.operation import Fact
from vmdsl.language.secret import Secret
from vmdsl.plan.plan import Plan

_SALT = 32


@dataclass(frozen=True, kw_only=True)
class Description:
    """The dependencies of a build: of all, of each operation on the tree, and of the cleaning.

    `stamps` are those of the operations on the tree, `image_stamps` of those on the image.
    """

    plan: Plan
    tools: Tools
    start: Inputs
    operations: tuple[Inputs | None, ...]
    cleaning: Inputs
    image: Inputs | None
    stamps: tuple[str, ...]
    image_stamps: tuple[str, ...]

    @property
    def parts(self) -> list[Inputs | None]:
        """The parts in order, without that of the image."""
        return [self.start, *self.operations, self.cleaning]


@dataclass(frozen=True, kw_only=True)
class Expected:
    """The forecast for an operation: `how` is "cached", "skipped", or "" if it must run.

    The first one that must run has a reason.
    """

    how: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """The forecast for the operations on the tree.

    `key` is that of the tree and the tools, or "" if it isn't known.
    """

    operations: tuple[Expected, ...]
    key: str = ""


def describe(
    plan: Plan,
    secrets: Mapping[Secret, bytes],
    *,
    cache: CacheDir,
    epoch: int | None,
    host_tools: bool = False,
) -> Description:
    """Return what a build of `plan` depends on. To show a plan, `secrets` may be empty.

    With `host_tools`, programs of this machine make the disk.
    """
    stamps, image_stamps = (
        tuple(stamp(o) for o in operations)  # before anything is read
        for operations in (plan.tree_operations, plan.image_operations)
    )
    describer = Describer(plan, secrets, salt=_salt(cache) if secrets else b"")
    return Description(
        plan=plan,
        tools=tools_for(plan.operations, of_host=host_tools),
        start=describer.start(epoch),
        operations=tuple(describer.operation(o) for o in plan.tree_operations),
        cleaning=describer.cleaning(),
        image=describer.image(),
        stamps=stamps,
        image_stamps=image_stamps,
    )


def forecast(description: Description, *, cache: CacheDir, archives: Archives) -> Forecast:
    """Look up layers, up to the first that is missing."""
    store = Store(cache)
    plan = description.plan
    key = digest(description.start)
    facts: dict[int, bool] = {}
    expected: list[Expected] = []
    inputs = [*zip(plan.tree_operations, description.operations, strict=True)]
    for number, (operation, parts) in enumerate(inputs):
        if operation.unless is not None and facts.get(id(operation.unless)):
            expected.append(Expected(how="skipped"))
            continue
        if not operation.changes_tree:
            expected.append(Expected())
            continue
        found, reason = _find(store, archives, key, parts)
        if found is None:
            if parts is None and operation.is_repeatable():
                reason = "it has a secret, which only a build reads"
            reason = reason or why(last_build(plan, cache), description.parts, number + 1)
            expected.append(Expected(reason=reason))
            left = len(inputs) - len(expected)
            return Forecast(operations=(*expected, *[Expected()] * left))
        expected.append(Expected(how="cached"))
        key = found.key
        facts |= _facts(operation, found)
    found, _ = _find(store, archives, key, description.cleaning)
    known = KnownTools(
        tools=description.tools, archives=archives, store=store, directory=plan.directory
    )
    tree = found.key if found else ""
    return Forecast(operations=tuple(expected), key=key_of_parts(tree, known.key()))


def _find(
    store: Store, archives: Archives, key: str, parts: Inputs | None
) -> tuple[Layer | None, str]:
    if parts is None:
        return None, "what it reads of this machine is not known"
    base = base_of(key, digest(parts))
    noted = store.seen(base)
    for state in noted:
        if reason := archives.why_not(state):
            return None, reason
    seen = archives.today(noted)
    found = store.find(key_of(base, seen))
    return found, "" if found or seen == noted else "its programs ask where / is, which changed"


def _facts(operation: TreeOperation, layer: Layer) -> dict[int, bool]:
    fields = {name: getattr(operation, name, None) for name in layer.facts}
    return {id(f): layer.facts[name] for name, f in fields.items() if isinstance(f, Fact)}


def expect(plan: Plan, *, cache: CacheDir) -> tuple[Expected, ...]:
    """Return what a build of `plan` would find in the cache; empty if it was never built."""
    if not last_build(plan, cache):
        return ()
    description = describe(plan, {}, cache=cache, epoch=given_epoch())
    archives = archives_of(plan, cache, CacheOptions())
    return forecast(description, cache=cache, archives=archives).operations


def archives_of(plan: Plan, cache: CacheDir, caching: CacheOptions) -> Archives:
    """Return the archives of a build of `plan` that starts now."""
    answers = digest_of_answers(plan.layout, plan.image_operations)
    return Archives(cache.archives, caching, time.time(), answers)


def given_epoch() -> int | None:
    """Return SOURCE_DATE_EPOCH of the environment. Raises HostError where it is not a number."""
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return None
    if not text.isdecimal():
        raise HostError(
            f"SOURCE_DATE_EPOCH is {text!r}, which is not a number of seconds", code="build-machine"
        )
    return int(text)


def last_build(plan: Plan, cache: CacheDir) -> list[Inputs | None]:
    """Return what the last build of a recipe depended on; empty if that isn't known."""
    try:
        found = json.loads(_record(plan, cache).read_bytes())
    except (OSError, ValueError):
        return []
    known = isinstance(found, list) and all(isinstance(one, dict | None) for one in found)
    return found if known else []


def note_build(description: Description, cache: CacheDir) -> None:
    """Write down what a build depends on, so that the next one can say what has changed."""
    _write(_record(description.plan, cache), description.parts)


def _record(plan: Plan, cache: CacheDir) -> Path:
    return cache.recipes / digest(str(plan.recipe))


def _write(path: Path, data: Any) -> None:
    """Write data to a file in the cache that others may read meanwhile."""
    with suppress(OSError):  # it only spares work
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{os.getpid()}")
        part.write_text(json.dumps(data), encoding="utf-8")
        part.replace(path)


def image_key(description: Description, parts: str, programs: Sequence[str]) -> str:
    """Return a checksum of all that an image depends on; empty if that isn't known.

    `parts` is the key of its tree and tools. `programs` convert it to its format.
    """
    if not parts or not description.image:
        return ""
    return digest([parts, description.image, *([name, identity_of(name)] for name in programs)])


def is_unchanged(
    path: Path,
    description: Description,
    expected: Forecast,
    cache: CacheDir,
    programs: Sequence[str] = (),
) -> bool:
    """Return whether a build would write the image that is there. `programs` as in `image_key`."""
    key = image_key(description, expected.key, programs)
    if not key or not all(one.how for one in expected.operations):
        return False
    try:
        noted = json.loads(_image_record(path, cache).read_bytes())
        return bool(noted == [key, *_file_identity(path)])
    except (OSError, ValueError):
        return False


def note_image(
    path: Path,
    description: Description,
    parts: str,
    cache: CacheDir,
    programs: Sequence[str] = (),
) -> None:
    """Write down what an image was made from, and how its file is recognized.

    `parts` and `programs` as in `image_key`. Where a local file has changed during the build, the
    image is not described: it may be of either.
    """
    if description.image_stamps != tuple(stamp(o) for o in description.plan.image_operations):
        parts = ""
    key = image_key(description, parts, programs)
    _write(_image_record(path, cache), [key, *_file_identity(path)])


def _image_record(path: Path, cache: CacheDir) -> Path:
    return cache.images / digest(str(path))


def _file_identity(path: Path) -> list[int]:
    """Return numbers of which one changes whenever a file is written."""
    about = path.stat()
    return [about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns]


def _salt(cache: CacheDir) -> bytes:
    """Return the salt of checksums of secrets, which makes them useless without this cache.

    Where several builds make it at once, all get the same.
    """
    path = cache.salt
    part = path.with_name(f"{path.name}.{os.getpid()}")
    if not _is_whole(path):
        with suppress(OSError):
            cache.path.mkdir(parents=True, exist_ok=True)
            if path.exists() and not _is_whole(path):  # the machine went down meanwhile
                path.unlink()
            part.touch(mode=0o600)
            part.write_bytes(random.token_bytes(_SALT))
            os.link(part, path)  # but not in place of another build's
    part.unlink(missing_ok=True)
    return path.read_bytes() if _is_whole(path) else random.token_bytes(_SALT)


def _is_whole(salt: Path) -> bool:
    with suppress(OSError):
        return len(salt.read_bytes()) == _SALT
    return False
