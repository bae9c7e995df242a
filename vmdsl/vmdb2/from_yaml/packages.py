"""Packages, as calls of the recipe."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Sequence

from vmdsl.errors import Problem
from vmdsl.operations.packages.apt import instead_of, is_package
from vmdsl.vmdb2.draft import Argument, Call
from vmdsl.vmdb2.from_yaml.context import SUBSTITUTE, Context, is_placeholder
from vmdsl.vmdb2.from_yaml.system import system_for
from vmdsl.vmdb2.schema import Apt
from vmdsl.vmdb2.text import Text, Variable

#: Other words that apt-get takes: files in the system, patterns, options.
_FOR_APT_GET = re.compile(r"\.{0,2}/.*\.deb|-.+|[?~].+|.*[*\[].*", re.DOTALL)
_COMMANDS = ("update", "upgrade", "full-upgrade", "dist-upgrade", "remove", "purge", "autoremove")


def apt(context: Context, step: Apt) -> None:
    """Write the packages; apt-get itself, as vmdb2 runs it, if there is more than their names."""
    if step.tag is None:
        context.problem(
            step, "apt", "which system gets the packages isn't said", "add tag:", code="spec-key"
        )
        return
    system = system_for(context, step, "apt", step.tag)
    packages = context.texts(step, step.packages)
    if step.apt != "install" and not step.apt.is_unknown:
        if not _is_old(context, step):
            return
        packages = (context.text(step, step.apt), *packages)  # its form in old versions
    if system is None:
        return
    if not packages:
        context.problem(step, "packages", "no package is named", "add packages:", code="spec-key")
        return
    wrong = [_mistake(name) for name in packages if not _is_known(name)]
    context.problems += [problem for problem in wrong if problem not in context.problems]
    if not step.clean:
        context.warn(
            step,
            "clean",
            "vmdsl leaves no packages in an image",
            "they stay in its cache, for the next build",
            code="spec-differs",
        )
    fact = context.skip_fact(step)
    named: dict[str, Argument] = {} if step.recommends else {"recommends": False}
    known = tuple(name for name in packages if is_package(name)) or ("apt",) * bool(wrong)
    call = Call(
        function="apt", arguments=(system, *known), named={**named, **fact}, where=step.where
    )
    if not all(is_package(name) for name in packages) and not wrong:
        script = _apt_get(packages, recommends=step.recommends)
        call = Call(function="chroot", arguments=(system, script), named=fact, where=step.where)
    context.emit("packages", step, call)


def _is_old(context: Context, step: Apt) -> bool:
    """Return whether the word in place of `install` can be a package, as it once was."""
    hint = ""
    if step.apt in _COMMANDS:
        hint = f"a chroot step does it: apt-get -y {step.apt}"
    elif step.packages and difflib.get_close_matches(step.apt, ["install"], n=1, cutoff=0.8):
        hint = "did you mean install?"
    if hint:
        context.problem(
            step, "apt", f"vmdb2 has no apt: {step.apt}; it only installs", hint, code="spec-value"
        )
    return not hint


def _is_known(name: str) -> bool:
    return is_package(name) or _FOR_APT_GET.fullmatch(name) is not None


def _mistake(name: Text) -> Problem:
    hint = SUBSTITUTE if is_placeholder(name) else instead_of(name)
    if name.endswith("-"):
        hint = f"a chroot step removes it: apt-get -y remove {name.rstrip('-')}"
    if name.endswith(".deb"):
        hint = f"a file in the system is ./{name}"
    return Problem(
        what=f"{str(name)!r} is not the name of a package",
        where=name.where,
        hint=hint,
        code="package-name",
    )


def _apt_get(packages: Sequence[Text], *, recommends: bool) -> Text:
    """Return the command for packages."""
    options = "" if recommends else " --no-install-recommends"
    parts: list[str | Variable] = [f"DEBIAN_FRONTEND=noninteractive apt-get -y{options} install"]
    for name in packages:
        quoted = shlex.quote(name)
        parts += [" ", *(name.parts or ())] if quoted == name and name.parts else [f" {quoted}"]
    value = "".join(part.value if isinstance(part, Variable) else part for part in parts)
    return Text(value, packages[0].where, tuple(parts))
