"""Rules for the text of scripts: what their shell does not have, and what a build cannot do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from vmdsl.errors import Advice, Problem
from vmdsl.language.operation import Operation, Script, Work, problem_in

_SHELLS = ("sh", "dash", "bash", "ksh", "zsh")
_QUOTED = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*", re.MULTILINE)
#: Before the name of a command.
_BEFORE = r"(?:^|[;&|({]|\b(?:if|while|until|then|do|else|elif)\s|!\s)[ \t]*"
_OF_BASH = re.compile(rf"{_BEFORE}(\[\[|source|shopt|declare|pushd|popd)\s", re.MULTILINE)
_SERVICE = re.compile(
    rf"{_BEFORE}(systemctl\s+(?:start|restart|reload|stop|try-restart)|service\s+\S+\s+\w+)\b",
    re.MULTILINE,
)
#: Programs that ask a service of the running system, and what to do instead.
_ASKS_A_SERVICE = {
    "hostnamectl": "call set_hostname(), or write /etc/hostname",
    "timedatectl": "call set_time_zone(), or make the symlink /etc/localtime",
    "localectl": "call set_locale(), or write /etc/default/locale",
}
_CTL = re.compile(rf"{_BEFORE}({'|'.join(_ASKS_A_SERVICE)})\b", re.MULTILINE)
_APT = re.compile(
    rf"{_BEFORE}(?:[A-Z_]+=\S*\s+)*"
    r"(apt(?:-get)?\b[^\n;&|]*?\s(?:install|upgrade|dist-upgrade|full-upgrade|remove|purge)\b)"
    r"([^\n;&|]*)",
    re.MULTILINE,
)
#: Options by which apt asks no question, or does nothing.
_NO_QUESTION = re.compile(
    r"\s(?:-[a-zA-Z]*[yds]\b|-qq|--(?:yes|assume-yes|download-only|simulate|dry-run|print-uris))"
)
#: The name of a function or an alias, which may do anything.
_OWN = re.compile(r"([\w.-]+)[ \t]*\([ \t]*\)|\balias[ \t]+([\w.-]+)=")


def scripts_suit(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Report scripts that cannot be started, and warn of commands that fail or do nothing."""
    for operation in operations:
        for script in operation.scripts() if isinstance(operation, Work) else ():
            yield from _carriage_returns(operation, script)
            if script.interpreter == "sh":
                yield from _commands(operation, script)


def _carriage_returns(operation: Operation, script: Script) -> Iterator[Problem]:
    first = script.text.partition("\n")[0]
    if not first.endswith("\r"):
        return
    hint = "end lines with a newline alone, as dos2unix does"
    if first.startswith("#!"):
        kind = Advice if script.may_be_data else Problem
        what = f"Linux cannot start {script.name}: its first line ends with a carriage return"
        yield problem_in(operation, what, hint, about=script.about, kind=kind, code="script")
    elif script.interpreter in _SHELLS:
        what = "the lines of the script end with carriage returns, which get into the commands"
        yield problem_in(operation, what, hint, about=script.about, kind=Advice, code="script")


def _commands(operation: Operation, script: Script) -> Iterator[Problem]:
    """Warn of the first command of each kind. A here-document may hold another script."""
    if "<<" in script.text:
        return
    text = _COMMENT.sub("", _QUOTED.sub("''", script.text.replace("\\\n", " ")))
    for own in {name for names in _OWN.findall(text) for name in names if name}:
        text = re.sub(rf"(?<![\w.-]){re.escape(own)}(?![\w.-])", "own", text)
    found = [_of_bash(text)]
    if script.about == "script" and isinstance(operation, Work) and not operation.programs:
        found += [_of_services(text), _of_apt(text)]
    for what, hint in filter(None, found):
        yield problem_in(
            operation, what, hint, about=script.about, kind=Advice, code="script-in-vain"
        )


def _of_bash(text: str) -> tuple[str, str] | None:
    if not (match := _OF_BASH.search(text)):
        return None
    instead = {"[[": "write [ … ]", "source": "write . FILE"}.get(match[1], "run it with bash")
    return f"sh is dash in Debian, which has no {match[1]}", instead


def _of_services(text: str) -> tuple[str, str] | None:
    if match := _SERVICE.search(text):
        what = f"no service runs while an image is built, so `{match[1]}` does nothing"
        return what, "services that are enabled start when the machine boots"
    if match := _CTL.search(text):
        what = f"{match[1]} asks a service, and none runs while an image is built"
        return what, _ASKS_A_SERVICE[match[1]]
    return None


def _of_apt(text: str) -> tuple[str, str] | None:
    for match in _APT.finditer(text):
        answered = match[0].startswith("|") or "Assume-Yes" in text  # yes | apt-get …
        if not answered and not _NO_QUESTION.search(match[0]):
            return f"`{match[1]}` asks whether to continue, and nobody answers", "add -y"
    return None
