"""Policies about where an image comes from: signed sources, snapshots, no downloads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from vmdsl.operations.packages.sources import AptSource, Source
from vmdsl.operations.systems.mmdebstrap import Debootstrap
from vmdsl.plan.plan import Plan
from vmdsl.policies.commands import commands
from vmdsl.policies.finding import Finding
from vmdsl.policies.texts import files, scripts

_COMMENT = re.compile(r"^[ \t]*(?:#|//).*", re.MULTILINE)
#: What lets apt install packages that nobody has signed, in its settings and in its arguments.
_UNSIGNED = re.compile(
    r"\[[^\]\n]*\btrusted=yes\b[^\]\n]*\]"
    r"|^[ \t]*Trusted:[ \t]*yes\b"
    r"|\bAllowUnauthenticated\b[\s=]*[\"']?(?:true|yes|1)\b"
    r"|\bAllow(?:DowngradeTo)?Insecure(?:Repositories)?\b[\s=]*[\"']?(?:true|yes|1)\b"
    r"|--allow-unauthenticated\b|--allow-insecure-repositories\b|--no-check-gpg\b"
    r"|--force-yes\b",
    re.MULTILINE | re.IGNORECASE,
)
#: The time in the address of a snapshot.
_TIME = re.compile(r"/[12]\d{3}-?[01]\d-?[0-3]\d(?:T?[0-2]\d[0-5]\d(?:[0-5]\d)?Z?)?(?:/|$)")


def signed_sources(plan: Plan) -> Iterator[Finding]:
    """Require that the sources of packages are signed.

    Reported are `trusted=True`, and settings and arguments by which apt and mmdebstrap take
    packages that nobody has signed, in files and in scripts.
    """
    for operation in plan.operations:
        for source in _sources(operation):
            if source.trusted:
                yield Finding(
                    what=f"the packages of the source {source.name} need not be signed",
                    at=operation,
                    hint="leave out trusted=True, and give the key of the source: keyring=",
                    about="source" if isinstance(operation, AptSource) else "sources",
                )
    for text in (*files(plan, "/etc/apt"), *scripts(plan)):
        if found := _UNSIGNED.search(_COMMENT.sub("", text.text)):
            yield Finding(
                what=f"with `{found[0].strip()}` packages need not be signed",
                at=text.at,
                hint="leave it out, and add the key of the source: apt_source(keyring=…)",
                about=text.about,
            )


def _sources(operation: object) -> Sequence[Source]:
    match operation:
        case AptSource(source=source):
            return (source,)
        case Debootstrap(sources=sources):
            return sources
    return ()


def pinned_archives(plan: Plan) -> Iterator[Finding]:
    """Require snapshots of archives, so that each build gets the same packages.

    The address of a snapshot has a date in it, such as `/20260801T000000Z/`. Archives at `file:`
    are not reported.
    """
    hint = "name a snapshot: http://mirror.example/snapshot/debian/20260801T000000Z"
    for operation in plan.operations:
        if isinstance(operation, Debootstrap):
            if not operation.mirror:
                what = "Debian's mirrors have other packages every day"
                yield Finding(what=what, at=operation, hint=hint, about="mirror")
            elif not _is_pinned(operation.mirror):
                what = f"{operation.mirror} is not the address of a snapshot"
                yield Finding(what=what, at=operation, hint=hint, about="mirror")
        for source in _sources(operation):
            for uri in source.uris:
                if not _is_pinned(uri):
                    about = "source" if isinstance(operation, AptSource) else "sources"
                    what = f"{uri} is not the address of a snapshot"
                    yield Finding(what=what, at=operation, hint=hint, about=about)


def _is_pinned(uri: str) -> bool:
    return uri.startswith("file:") or _TIME.search(uri) is not None


def no_downloads(plan: Plan) -> Iterator[Finding]:
    """Refuse scripts of a build that fetch from the network, except by apt.

    Reported are programs such as curl, wget, `git clone`, `pip install` and `docker pull` in the
    scripts that a build runs, unless their arguments name local files. Playbooks, and programs that
    a script starts, are not looked into.
    """
    for script in scripts(plan):
        for program, *arguments in commands(script.text):
            fetches = _FETCHERS.get(program)
            if fetches and fetches(arguments):
                shown = " ".join([program, *arguments[:2], *(["…"] if arguments[2:] else [])])
                yield Finding(
                    what=f"`{shown}` fetches from the network",
                    at=script.at,
                    hint="keep the file beside the recipe: copy_file(), or apt(debs=…)",
                    about=script.about,
                )


def _is_local(word: str) -> bool:
    return word.startswith(("/", "./", "../", "file:", "$ROOT", "${ROOT"))


def _words(arguments: Sequence[str]) -> list[str]:
    return [word for word in arguments if not word.startswith("-")]


def _url(arguments: Sequence[str]) -> bool:
    """Return whether curl or wget fetch: not for their version, nor a local file."""
    words = _words(arguments)
    addresses = [word for word in words if "://" in word or word.startswith("file:")]
    asks = {"--version", "-V", "--help", "-h"}.intersection(arguments)
    if asks or not words:
        return False
    return not addresses or any(not word.startswith("file:") for word in addresses)


def _git(arguments: Sequence[str]) -> bool:
    left = list(arguments)
    while left and left[0].startswith("-"):
        del left[: 2 if left[0] in ("-C", "-c") else 1]
    if left[:1] == ["submodule"]:
        return bool({"update", "add"}.intersection(left))
    if left[:1] in (["clone"], ["fetch"], ["pull"], ["ls-remote"]):
        named = _words(left[1:])
        return not (named and _is_local(named[0])) and (bool(named) or left[0] != "clone")
    return False


def _pip(arguments: Sequence[str]) -> bool:
    words = _words(arguments)
    if words[:1] not in (["install"], ["download"], ["wheel"]) or "--no-index" in arguments:
        return False
    named = words[1:]
    return not named or not all(_is_local(one) or one == "." for one in named)


def _python(arguments: Sequence[str]) -> bool:
    if "-m" not in arguments:
        return False
    _, *module = arguments[arguments.index("-m") :]
    return module[:1] in (["pip"], ["pipx"]) and _pip(module[1:])


def _asks(*commands: str) -> Callable[[Sequence[str]], bool]:
    """Return a function that says whether the first word is one of the commands."""
    return lambda arguments: bool(_words(arguments)) and _words(arguments)[0] in commands


def _remote(arguments: Sequence[str]) -> bool:
    """Return whether rsync or scp have an address among their arguments."""
    remote = re.compile(r"rsync://|(?:[\w.-]+@)?[\w.-]+::?(?!//)")
    return any(remote.match(word) for word in _words(arguments))


def _npm(arguments: Sequence[str]) -> bool:
    words = _words(arguments)
    return words[:1] in (["install"], ["i"], ["ci"], ["add"]) and "--offline" not in arguments


def _always(arguments: Sequence[str]) -> bool:
    return bool(_words(arguments))


def _keyserver(arguments: Sequence[str]) -> bool:
    keys = ("--recv", "--keyserver", "--locate-external", "--refresh-keys")
    return any(word.startswith(keys) for word in arguments)


#: Programs that fetch, and a function that says whether they do so with their arguments.
_FETCHERS: dict[str, Callable[[Sequence[str]], bool]] = {
    "curl": _url,
    "wget": _url,
    "aria2c": _url,
    "git": _git,
    "svn": _asks("checkout", "co", "export", "update", "up"),
    "hg": _asks("clone", "pull"),
    "pip": _pip,
    "pip3": _pip,
    "pipx": _pip,
    "python": _python,
    "python3": _python,
    "uv": lambda arguments: _words(arguments)[:1] == ["pip"] and _pip(list(arguments)[1:]),
    "npm": _npm,
    "pnpm": _npm,
    "yarn": lambda arguments: not arguments or _npm(arguments),
    "gem": _asks("install"),
    "cargo": _asks("install", "fetch"),
    "go": _asks("install", "get"),
    "docker": _asks("pull"),
    "podman": _asks("pull"),
    "skopeo": _asks("copy", "sync"),
    "snap": _asks("install", "download"),
    "flatpak": _asks("install"),
    "rsync": _remote,
    "scp": _remote,
    "sftp": _always,
    "gpg": _keyserver,
    "apt-key": _keyserver,
    "add-apt-repository": _always,
}
