"""The dependencies of an operation's result, as data: equal data, equal result.

Nothing is started and nothing is fetched for it. A layer's key is a checksum over these data of its
operation and of all operations before it.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import fields
from functools import cache, cached_property
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import vmdsl
from vmdsl.builder.cache.checksums import content_of, digest, identity_of
from vmdsl.errors import HostError
from vmdsl.host.identity import ranges
from vmdsl.language.effects import TreeOperation, finds_mount_points
from vmdsl.language.handles import RootFs
from vmdsl.language.operation import Fact, LayoutOperation, Operation, Work
from vmdsl.language.secret import Secret, secrets_in
from vmdsl.plan.plan import Plan
from vmdsl.plan.render import Encoder, kind_name, layout_data
from vmdsl.plan.rules.machine import programs_for

#: What a key is made of, by the name that is reported when it has changed.
Inputs = dict[str, Any]

#: The code that layers depend on: what applies operations, and finds the places on the disk that
#: some of them read. What only chooses, reports or keeps layers is left out.
LAYER_CODE = (
    *("existing", "language", "operations", "builder/tree", "builder/sandbox"),
    *("builder/inner.py", "builder/grow.py"),
    *("builder/cache/answers.py", "builder/cache/archives.py", "builder/cache/checksums.py"),
    *("builder/cache/debs.py", "builder/cache/locks.py", "builder/cache/store.py"),
    *(f"builder/image/{name}.py" for name in ("allocation", "decoys", "sparse", "table")),
    *("plan/lay_out.py", "plan/lay_out_volumes.py", "plan/extents.py", "host/mounts.py"),
    *("errors.py", "machines.py", "programs.py", "values.py"),
)
#: The code that an image depends on besides that of its layers.
IMAGE_CODE = (
    *("builder/filesystems", "builder/image", "builder/volumes"),
    *("builder/assemble.py", "builder/finish.py"),
)
_SUBIDS = ("/etc/subuid", "/etc/subgid")


class Describer:
    """Describes what the operations of a plan depend on. `secrets` may lack values, in a plan."""

    def __init__(self, plan: Plan, secrets: Mapping[Secret, bytes], *, salt: bytes) -> None:
        self._plan = plan
        self._secrets = secrets
        self._encode = _Encoder(plan, secrets, salt, placed=False)
        self._encode_placed = _Encoder(plan, secrets, salt, placed=True)
        self._sums: dict[Path, str] = {}

    def start(self, epoch: int | None) -> Inputs:
        """Return what all operations depend on. `epoch` is SOURCE_DATE_EPOCH, if it was given."""
        return {
            "vmdsl": code_of_vmdsl(LAYER_CODE),
            "owners": _owners(),
            "SOURCE_DATE_EPOCH": epoch,
        }

    def operation(self, operation: Work) -> Inputs | None:
        """Return what one operation depends on, or None where that cannot be known."""
        if not operation.is_repeatable():
            return None
        relevant = [v for name, v in vars(operation).items() if name not in operation.irrelevant]
        if any(secret not in self._secrets for secret in secrets_in(relevant)):
            return None
        placed = not isinstance(operation, TreeOperation) or operation.reads_layout
        encode = self._encode_placed if placed else self._encode
        inputs: Inputs = {
            "operation": kind_name(type(operation)),
            "arguments": encode.arguments(operation),
            "files": self._files(operation),
            "programs": {name: identity_of(name) for name in operation.programs},
            "code": self._code(operation),
        }
        if placed:
            inputs["layout"] = self.layout
        elif finds_mount_points(operation):
            inputs["mount points"] = self._mount_points
        return inputs

    def cleaning(self) -> Inputs:
        """Return what the last layer depends on, which has the mount points and no leftovers."""
        return {"mount points": self._mount_points}

    @property
    def _mount_points(self) -> list[str]:
        return [str(mount.path) for mount in self._plan.layout.mounts]

    def image(self) -> Inputs | None:
        """Return what the image depends on besides the tree, or None where that cannot be known."""
        operations = [self.operation(operation) for operation in self._plan.image_operations]
        if None in operations:
            return None
        makers = programs_for(self._plan.operations)
        return {
            "vmdsl": code_of_vmdsl(IMAGE_CODE),
            "layout": self.layout,
            "operations": operations,
            "programs": {name: identity_of(name) for name in makers},
        }

    @cached_property
    def layout(self) -> Any:
        """Everything that the recipe says of the disk."""
        return {
            "places": layout_data(self._plan.layout, self._encode_placed),
            "handles": [
                [kind_name(type(o)), o.name, self._encode_placed.arguments(o)]
                for o in self._plan.layout_operations
            ],
        }

    def _files(self, operation: Work) -> dict[str, str]:
        """Return checksums of the files that are read. Symlinks in directories are not followed."""
        directories = operation.local_directories()
        first: dict[tuple[int, int], str] = {}
        found = {}
        for path in dict.fromkeys((*directories, *operation.local_files())):
            inside = any(path != one and path.is_relative_to(one) for one in directories)
            place = operation.directory / path
            try:
                found[str(path)] = self._sum(place, first, follow=not inside, alone=not directories)
            except OSError as error:
                what = f"{path} cannot be read: {error.strerror}"
                raise HostError(operation.problem(what, code="local-file")) from None
        return found

    def _sum(
        self, place: Path, first: dict[tuple[int, int], str], *, follow: bool, alone: bool
    ) -> str:
        """Return the checksum of a file; of an image, say, several operations depend on it.

        One that is not read `alone` may be a hard link to another.
        """
        if not alone:
            return content_of(place, first, follow=follow)
        if place not in self._sums:
            self._sums[place] = content_of(place, {}, follow=follow)
        return self._sums[place]

    def _code(self, operation: Operation) -> dict[str, str]:
        """Return checksums of the code that is not vmdsl's own, by the names of the files."""
        named = {cls.__module__ for cls in type(operation).__mro__}
        named |= {value.__module__ for value in _functions(operation)}
        wanted: set[Path] = set()
        for name in named:
            wanted |= _files_of(name, self._plan.recipe)
        return {_shown(path, self._plan.recipe): content_of(path, {}) for path in sorted(wanted)}


class _Encoder(Encoder):
    """Encodes arguments as data, without those that only say where in the recipe they stand."""

    def __init__(
        self, plan: Plan, secrets: Mapping[Secret, bytes], salt: bytes, *, placed: bool
    ) -> None:
        super().__init__(plan)
        self._placed = placed
        self._secrets = secrets
        self._salt = salt
        self._facts: dict[int, list[Any]] = {}
        for number, operation in enumerate(plan.tree_operations):
            for field in fields(operation):
                value = getattr(operation, field.name)
                if isinstance(value, Fact) and field.name != "unless":
                    self._facts[id(value)] = [number, field.name]

    def arguments(self, operation: Operation) -> dict[str, Any]:
        left_out = {"_origin", *(operation.irrelevant if isinstance(operation, Work) else ())}
        return {
            field.name: self.value(getattr(operation, field.name))
            for field in fields(operation)
            if field.name not in left_out
        }

    def value(self, value: Any) -> Any:
        if isinstance(value, Secret):
            known = self._secrets.get(value)
            return {"secret": known and hashlib.sha256(self._salt + known).hexdigest()}
        if isinstance(value, RootFs):
            return {"suite": str(value.suite), "arch": str(value.arch)}
        if isinstance(value, Fact):
            return self._facts.get(id(value))
        if isinstance(value, LayoutOperation):
            kind = kind_name(type(value))  # the layout says the rest, to those who read it
            return [kind, super().value(value)] if self._placed else kind
        return super().value(value)


@cache
def code_of_vmdsl(names: tuple[str, ...]) -> str:
    """Return a checksum of files and directories of vmdsl's own code, and of what runs it."""
    top = Path(vmdsl.__file__).parent
    found: list[Path] = []
    for place in (top / name for name in names):
        found += sorted(place.rglob("*.py")) if place.is_dir() else [place]
    sums = [[str(path.relative_to(top)), content_of(path, {})] for path in found]
    return digest([sums, sys.version])


def _owners() -> list[Any]:
    """Return the mapping of owners in the tree to those outside of the sandbox, for this user."""
    if os.geteuid() == 0:
        return [0]
    return [os.geteuid(), *(own_ranges(_read(Path(file)), os.geteuid()) for file in _SUBIDS)]


def own_ranges(text: str, uid: int) -> list[list[int]]:
    """Return start and length of each range that /etc/subuid or /etc/subgid has for a user."""
    names = {str(uid)}
    with suppress(KeyError):
        names.add(pwd.getpwuid(uid).pw_name)
    return [[found.start, found.length] for found in ranges(text) if found.owner in names]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _functions(operation: Operation) -> Iterable[FunctionType]:
    values = [getattr(operation, field.name) for field in fields(operation)]
    return [value for value in values if isinstance(value, FunctionType)]


def _files_of(module: str, recipe: Path) -> set[Path]:
    """Return the files of a module and of all that it may call.

    That is its whole package, loaded or not; or all that is loaded from beside the recipe.
    """
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names or top == "vmdsl":
        return set()
    loaded = {name: path for name, one in list(sys.modules.items()) if (path := _file(one))}
    if module in loaded and _is_beside(loaded[module], recipe):
        names = {name for name in loaded if name.partition(".")[0] != "vmdsl"}
        return {loaded[name] for name in names if _is_beside(loaded[name], recipe)}
    places = getattr(sys.modules.get(top), "__path__", ())
    package = {path for place in places for path in Path(place).rglob("*.py")}
    return package | {loaded[name] for name in loaded if name.partition(".")[0] == top}


def _file(module: ModuleType | None) -> Path | None:
    name = getattr(module, "__file__", None)
    return Path(name) if name and name.endswith(".py") and Path(name).is_file() else None


def _shown(path: Path, recipe: Path) -> str:
    """Return the path of a file of code from the nearest directory that modules come from."""
    places = sorted([str(recipe.parent), *filter(None, sys.path)], key=len, reverse=True)
    inside = next((place for place in places if path.is_relative_to(place)), None)
    return str(path.relative_to(inside) if inside else path)


def _is_beside(path: Path, recipe: Path) -> bool:
    return path.is_relative_to(recipe.parent) and "site-packages" not in path.parts
