"""`vmdsl new`: a recipe to start from, made of one that vmdsl itself ships and tests."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, TypeVar

import typer

from vmdsl import values
from vmdsl.builder.image.formats import RAW
from vmdsl.cli.options import complete_suites
from vmdsl.cli.paths import check_directory, create_file
from vmdsl.errors import Problem, RecipeError, UsageError
from vmdsl.similar import did_you_mean

#: The kinds of recipes, and the shipped recipe of each.
KINDS: Mapping[str, str] = {
    "uefi": "uefi",
    "hybrid": "hybrid",
    "cloud": "cloud",
    "ci-worker": "ci_worker",
    "secure-boot": "secure_boot",
    "raspberry-pi": "raspberry_pi",
}
_KIND = "uefi"
_SUITE = "trixie"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_HOSTNAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
#: The step at the end, before which others are added.
_LAST = re.compile(r"(?:^#.*\n)*^@step\ndef (?:mounts|boot)\(", re.MULTILINE)
_SET_HOSTNAME = re.compile(r'((?:set_hostname\(system\(\)|"/etc/hostname"), ")[\w-]+')
_TITLE_END = re.compile(r'\A"""[^"]*"""\n')
_HEAD = """
# Find the mistakes in it:  vmdsl check {file}
# See what a build does:    vmdsl plan {file}
# Build and boot the image: vmdsl build {file} && vmdsl boot {image}
"""
_KEY_OPTION = 'ssh_key = option("", help="Public SSH key of the user {user}.")\n'
_LOGIN = """\
# A user who logs in with the key of --ssh-key, and becomes root with sudo. Public keys may be in a
# recipe; passwords may not: they are Secret.
@step
def login() -> None:
{calls}    add_user(system(), {user}, ssh_keys=ssh_key(), sudo=True)


"""
#: Where a shipped recipe names its user: in the call, and in the help of the option.
_HAS_USER = re.compile(r'(add_user\(system\(\), |Public SSH key of the user )("?[a-z]+"?)')
_NETWORK = "    use_dhcp(system())\n    add_ssh_server(system())\n"
_WIDTH = 88  # of formatters, if nobody has chosen another one
_T = TypeVar("_T")


def new(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="The recipe: NAME.py is written. The default is the kind.",
            show_default=False,
        ),
    ] = None,
    *,
    like: Annotated[
        str | None,
        typer.Option(
            help=rf"The kind of machine: {', '.join(KINDS)}. \[default: {_KIND}]",
            autocompletion=lambda incomplete: [k for k in KINDS if k.startswith(incomplete)],
            show_default=False,
        ),
    ] = None,
    suite: Annotated[
        str | None,
        typer.Option(
            help=rf"Release of Debian. \[default: {_SUITE}]",
            autocompletion=complete_suites,
            show_default=False,
        ),
    ] = None,
    hostname: Annotated[
        str | None,
        typer.Option(
            help=r"Name of the machine. \[default: that of the recipe]", show_default=False
        ),
    ] = None,
    user: Annotated[
        str | None,
        typer.Option(
            help="A user who logs in by SSH, with a key that is given to the build.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write a recipe to start from, which can be built as it is, and says in comments how it works.

    On a terminal it asks for all that is not given. A file that exists is never replaced.
    """
    like = _given(like, f"Kind of machine ({', '.join(KINDS)})", _KIND, _kind)
    path = _given(name, "Recipe", like.replace("-", "_"), _path)
    suite = _given(suite, "Release of Debian", _SUITE, _suite)
    called = path.stem.replace("_", "-").strip("-")
    hostname = _given(hostname, "Name of the machine", called, _hostname)
    user = _given(user, "User who logs in by SSH, or nobody", "", _user)
    text = recipe_text(like, path.name, suite=suite, hostname=hostname, user=user)
    _check(text, path)
    _write(path, text)
    typer.echo(f"{path} is written. To go on:")
    typer.echo(f"  vmdsl plan {path}")
    key = ' --ssh-key "$(cat ~/.ssh/id_ed25519.pub)"' if "\nssh_key = " in text else ""
    typer.echo(f"  vmdsl build {path}{key}")


def recipe_text(kind: str, file: str, *, suite: str, hostname: str, user: str) -> str:
    """Return a recipe of a kind. `user` is empty if nobody logs in."""
    text = _shipped(KINDS[kind])
    image = f"{Path(file).stem}{RAW.suffix}"
    text = _TITLE_END.sub(lambda title: title[0] + _HEAD.format(file=file, image=image), text)
    text = text.replace(f"Suite({_quoted(_SUITE)})", f"Suite({_quoted(suite)})")
    text = _SET_HOSTNAME.sub(lambda call: call[1] + hostname, text)
    if not user:
        return text
    if "ssh_key = " in text:  # it has a user
        return _HAS_USER.sub(lambda found: found[1] + _new_user(found[2], user), text)
    has_network = "add_cloud_init(" in text
    option = re.compile(r"^suite = .*\n", re.MULTILINE)
    text = option.sub(lambda suite: suite[0] + _KEY_OPTION.format(user=user), text, count=1)
    login = _LOGIN.format(calls="" if has_network else _NETWORK, user=_quoted(user))
    text = _LAST.sub(lambda last: login + last[0], text, count=1)
    names = ["add_user"] if has_network else ["add_user", "add_ssh_server", "use_dhcp"]
    return _with_imports(text, names)


def _shipped(name: str) -> str:
    """Return a recipe that is shipped: in the installed package, or beside it in its repository."""
    package = Path(values.__file__).parent
    inside = package / "recipes"
    folder = inside if inside.is_dir() else package.with_name("recipes")
    return (folder / f"{name}.py").read_text(encoding="utf-8")


def _with_imports(text: str, names: list[str]) -> str:
    """Import more names from the library."""
    lines, old, start, end = text.splitlines(), list[str](), 0, 0
    for node in ast.parse(text).body:
        if isinstance(node, ast.ImportFrom) and node.end_lineno:
            start = end = node.end_lineno
            if node.module == "vmdsl_stdlib":
                start, old = node.lineno - 1, [alias.name for alias in node.names]
    wanted = sorted({*old, *names})
    line = f"from vmdsl_stdlib import {', '.join(wanted)}"
    if len(line) > _WIDTH:
        line = "\n".join(["from vmdsl_stdlib import (", *(f"    {name}," for name in wanted), ")"])
    lines[start:end] = [line]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Return the Python code of a text."""
    return json.dumps(text, ensure_ascii=False)


def _new_user(old: str, user: str) -> str:
    """Return a user's name as the old one was written: as Python code, or in a sentence."""
    return _quoted(user) if old.startswith('"') else user


def _given(given: str | None, question: str, default: str, check: Callable[[str], _T]) -> _T:
    """Return what is given and right, or else the answer on the terminal, or else the default."""
    if given is not None or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return check(default if given is None else given)
    while True:
        try:
            return check(typer.prompt(question, default=default, show_default=bool(default)))
        except UsageError as error:
            typer.echo(error, err=True)


def _kind(text: str) -> str:
    """Return the kind that a text names, be it by the name of the shipped recipe."""
    by_file = {recipe: kind for kind, recipe in KINDS.items()} | {"amd64_uefi": "uefi"}
    kind = by_file.get(text, text)
    if kind not in KINDS:
        hint = did_you_mean(text, KINDS) or f"the kinds are: {', '.join(KINDS)}"
        raise UsageError(
            Problem(what=f"there is no kind of recipe {text}", hint=hint, code="usage")
        )
    return kind


def _path(text: str) -> Path:
    """Return the file of a new recipe. Raises UsageError if it exists or has a bad name."""
    path = Path(text if text.endswith(".py") else f"{text}.py")
    name = path.stem
    if not _NAME.fullmatch(name):
        hint = "use letters, digits, - and _, and begin with a letter: web-server"
        raise UsageError(
            Problem(what=f"{text!r} is not the name of a recipe", hint=hint, code="usage")
        )
    if name in sys.stdlib_module_names or name in ("vmdsl", "vmdsl_stdlib"):
        hint = "choose another name"
        raise UsageError(
            Problem(what=f"{path} would hide the module {name} of Python", hint=hint, code="usage")
        )
    check_directory(path)
    if path.exists():
        raise _exists(path)
    return path


def _exists(path: Path) -> UsageError:
    what = f"{path} exists, and is not replaced"
    return UsageError(
        Problem(what=what, hint="choose another name, or remove it", code="output-file")
    )


def _hostname(text: str) -> str:
    if not _HOSTNAME.fullmatch(text):
        hint = "use letters, digits and hyphens"
        raise UsageError(
            Problem(what=f"{text!r} is not the name of a machine", hint=hint, code="host-name")
        )
    return text


def _suite(text: str) -> str:
    if not values.is_debian_suite(text):
        what = f"Debian has no suite {text}"
        hint = did_you_mean(text, values.debian_suites())
        raise UsageError(Problem(what=what, hint=hint, code="suite"))
    return text


def _user(text: str) -> str:
    """Return the name of a user, or "" for nobody."""
    if text and not _USER.fullmatch(text):
        hint = "names are lower case: ann, build-1"
        raise UsageError(
            Problem(what=f"{text!r} is not the name of a user", hint=hint, code="user-name")
        )
    return text


def _check(text: str, path: Path) -> None:
    """Raise UsageError if a recipe has mistakes, as with a suite that cannot be bootstrapped."""
    from vmdsl.plan.plan import make_plan  # noqa: PLC0415 (slow)
    from vmdsl.plan.typecheck import Untyped  # noqa: PLC0415

    with TemporaryDirectory(prefix="vmdsl-new-") as folder:
        file = Path(folder, path.name)
        file.write_text(text, encoding="utf-8")
        try:
            make_plan(file, {}, cache=Path(folder), types=Untyped())
        except RecipeError as error:
            found = [Problem(what=one.what, hint=one.hint, code=one.code) for one in error.problems]
            raise UsageError(*found) from None


def _write(path: Path, text: str) -> None:
    try:
        create_file(path, text)
    except FileExistsError:
        raise _exists(path) from None
