"""The policies of a project: those that `[tool.vmdsl]` in its pyproject.toml names."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, get_type_hints

from vmdsl.errors import Problem, RecipeError, Where
from vmdsl.plan.project import Project
from vmdsl.policies.finding import Policy
from vmdsl.policies.logins import no_open_login
from vmdsl.policies.machines import both_firmwares, image_fits, own_identity
from vmdsl.policies.network import no_downloads, pinned_archives, signed_sources
from vmdsl.similar import did_you_mean
from vmdsl.values import Size

#: The policies of vmdsl itself, by the names that a project gives.
SHIPPED: Mapping[str, Callable[..., Any]] = {
    "both-firmwares": both_firmwares,
    "image-fits": image_fits,
    "no-downloads": no_downloads,
    "no-open-login": no_open_login,
    "own-identity": own_identity,
    "pinned-archives": pinned_archives,
    "signed-sources": signed_sources,
}
#: The group of entry points by which packages offer policies.
GROUP = "vmdsl.policies"
_KEYS = ("policies",)
_EXAMPLE = 'policies = ["no-open-login", "acme_policies:signed"]'


@dataclass(frozen=True, kw_only=True)
class Named:
    """A policy that a project names, with its settings; `where` it does so."""

    name: str
    policy: Policy
    where: Where


class _Wrong(Exception):  # noqa: N818 (it is a mistake, to be reported as a Problem)
    """Ends an entry that is wrong, with a hint at what to do."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what, self.hint = what, hint


@contextmanager
def project_policies(project: Project) -> Iterator[tuple[Named, ...]]:
    """Load the policies that a project names.

    Modules of the project can be imported meanwhile. Raises RecipeError with all that is wrong.
    """
    with _importing_from(project.file.parent):
        yield tuple(_named(project))


def known_names() -> tuple[str, ...]:
    """Return the names of all policies that vmdsl or an installed package has."""
    return (*SHIPPED, *(entry.name for entry in entry_points(group=GROUP)))


@contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    """Let modules of a project be imported, and forget them afterwards: others have others."""
    modules, places, bytecode = set(sys.modules), list(sys.path), sys.dont_write_bytecode
    sys.path.append(str(folder))
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.path[:], sys.dont_write_bytecode = places, bytecode
        for name in set(sys.modules) - modules:
            file = Path(getattr(sys.modules[name], "__file__", None) or "/")
            if file.is_relative_to(folder) and "site-packages" not in file.parts:
                del sys.modules[name]


def _named(project: Project) -> Iterator[Named]:
    problems: list[Problem] = []

    def report(text: str, what: str, hint: str) -> None:
        where = project.where(text)
        problems.append(Problem(what=what, code="wrong-policy", where=where, hint=hint))

    for key in project.table:
        if key not in _KEYS:
            hint = did_you_mean(key, _KEYS) or f"there is: {_EXAMPLE}"
            report(key, f"[tool.vmdsl] has no setting {key}", hint)
    listed = project.table.get("policies", [])
    if not isinstance(listed, list):
        report("policies", "policies is not a list", f"write: {_EXAMPLE}")
        listed = []
    found: dict[str, Named] = {}
    for entry in listed:
        reference = str(entry.get("policy", "policy") if isinstance(entry, dict) else entry)
        try:
            name, policy = _entry(entry)
        except _Wrong as wrong:
            report(reference, wrong.what, wrong.hint)
            continue
        if name in found:
            hint = f"the other one is in line {found[name].where.line}"
            report(reference, f"two policies are called {name}", hint)
        else:
            found[name] = Named(name=name, policy=policy, where=project.where(reference))
    if problems:
        raise RecipeError(*problems)
    yield from found.values()


def _entry(entry: object) -> tuple[str, Policy]:
    """Return the name of a policy, and the policy with its settings."""
    settings = dict(entry) if isinstance(entry, dict) else {"policy": entry}
    reference = settings.pop("policy", None)
    if not isinstance(reference, str):
        hint = f'name it: {_EXAMPLE}; with settings: {{ policy = "image-fits", size = "4G" }}'
        raise _Wrong(f"this is not a policy: {entry}", hint)
    function = _function(reference)
    name = reference.rpartition(":")[2].replace("_", "-")
    return name, _with_settings(name, function, settings)


def _function(reference: str) -> Callable[..., Any]:
    module, colon, name = reference.partition(":")
    if not colon:
        return _function_of_name(reference)
    if not module or not name:
        raise _Wrong(f"{reference} is not MODULE:FUNCTION", "such as acme_policies:signed")
    try:
        found: Any = importlib.import_module(module)
    except Exception as error:  # noqa: BLE001 (a module may raise anything)
        hint = "is the package installed, or the module beside pyproject.toml?"
        raise _Wrong(f"{module} cannot be imported: {_in_words(error)}", hint) from None
    inside = vars(found)
    if name not in inside:
        hint = did_you_mean(name, [one for one in inside if callable(inside[one])])
        raise _Wrong(f"{module} has no function {name}", hint)
    return _checked(reference, inside[name])


def _function_of_name(name: str) -> Callable[..., Any]:
    if name in SHIPPED:
        return SHIPPED[name]
    offered = [entry for entry in entry_points(group=GROUP) if entry.name == name]
    if len({entry.value for entry in offered}) > 1:
        values = " and ".join(sorted({entry.value for entry in offered}))
        raise _Wrong(f"several packages have a policy {name}", f"name one: {values}")
    if not offered:
        known = known_names()
        hint = did_you_mean(name, known) or f"there are {', '.join(known)}"
        raise _Wrong(f"there is no policy {name}", hint)
    try:
        found = offered[0].load()
    except Exception as error:  # noqa: BLE001 (a module may raise anything)
        raise _Wrong(f"{offered[0].value} cannot be imported: {_in_words(error)}") from None
    return _checked(name, found)


def _checked(reference: str, found: object) -> Callable[..., Any]:
    if not callable(found) or inspect.isclass(found):
        hint = "write: def signed(plan: Plan) -> Iterator[Finding]"
        raise _Wrong(f"{reference} is not a function", hint)
    return found


def _with_settings(
    name: str, function: Callable[..., Any], settings: Mapping[str, object]
) -> Policy:
    """Return a policy with its settings, which are of the types that the function says."""
    try:
        parameters = inspect.signature(function).parameters
        types = get_type_hints(function)
    except (TypeError, ValueError, NameError) as error:
        raise _Wrong(f"{name} cannot be read: {_in_words(error)}") from None
    given: dict[str, Any] = {}
    wanted = {
        one.name: one for one in parameters.values() if one.kind is inspect.Parameter.KEYWORD_ONLY
    }
    for key, value in settings.items():
        if key not in wanted:
            hint = did_you_mean(key, list(wanted)) or f"it has {', '.join(wanted) or 'none'}"
            raise _Wrong(f"the policy {name} has no setting {key}", hint)
        given[key] = _value(name, key, value, types.get(key))
    for key, parameter in wanted.items():
        if key not in given and parameter.default is inspect.Parameter.empty:
            value = '"4G"' if types.get(key) is Size else "…"
            hint = f'write: {{ policy = "{name}", {key} = {value} }}'
            raise _Wrong(f"the policy {name} needs the setting {key}", hint)
    policy = partial(function, **given)
    try:
        inspect.signature(policy).bind(None)
    except TypeError:
        hint = "write: def signed(plan: Plan) -> Iterator[Finding]"
        raise _Wrong(f"{name} is not a function of a plan alone", hint) from None
    return policy


def _value(name: str, key: str, value: object, kind: object) -> object:
    """Return the value of a setting as its type."""
    if kind is Size and isinstance(value, int) and not isinstance(value, bool):
        return Size(value)
    if kind is Size and isinstance(value, str):
        try:
            return Size.parse(value)
        except ValueError as error:
            raise _Wrong(f"{key} of {name}: {error}") from None
    if kind is not None and kind is not Any and isinstance(kind, type):
        is_other = isinstance(value, bool) and kind is not bool
        if is_other or not isinstance(value, kind):
            word = 'a size, such as "4G"' if kind is Size else f"of the type {kind.__name__}"
            raise _Wrong(f"{key} of {name} is not {word}: {value!r}")
    return value


def _in_words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")
