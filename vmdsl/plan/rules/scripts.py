"""Rules for the text of scripts: what their shell does not have, and what a build cannot do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import PurePosixPath

from vmdsl.errors import Advice, Hint, Problem, code
from vmdsl.language.effects import TreeOperation
from vmdsl.language.operation import (
    Operation,
    Script,
    Work,
    problem_in,
    shown_with_line,
)

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
#: Commands that stop the machine, which is not running.
_STOPS = re.compile(rf"{_BEFORE}(reboot|poweroff|halt|shutdown)\b(?![/.=])", re.MULTILINE)
#: What a script of this machine writes to its system, and commands that enter the other one.
_SYSTEM = r"(/(?:etc|usr|opt|srv|boot|lib)/[\w./-]+)"
_WRITES_HERE = re.compile(
    rf">>?[ \t]*{_SYSTEM}|{_BEFORE}(?:cp|mv|install|ln|tee)\s[^;&|]*\s{_SYSTEM}[ \t]*(?:$|[;&|])"
)
_ENTERS = re.compile(r"\b(?:chroot|nspawn|unshare|ssh|arch-chroot)\b|ROOT")
_SUDO = re.compile(rf"{_BEFORE}(sudo)\s+(?![-\n])", re.MULTILINE)
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


_SHEBANG = re.compile(r"#!\s*(?:/usr/bin/env\s+)?(?:/\S*/)?(\S+)")
BY_ITS_PATH = "write it to a file, as by create_file(…, mode=0o755), and run that by its path"
#: Words of a script, each with what stands before it.
_WORD = re.compile(r"(^|[\s;&|({])([\w.+-]*/?[\w./+-]+)(?=$|[\s;&|)}])", re.MULTILINE)
_ENDS_OF_SCRIPTS = (".sh", ".bash", ".py", ".pl")
#: After these, names may start elsewhere.
_ELSEWHERE = re.compile(rf"{_BEFORE}(?:cd|pushd|git|tar|unzip|curl|wget)\s", re.MULTILINE)
_OF_ROOT = r"\b(?:passwd|usermod)\b[^\n;&|]*\s(?:{})\b[^\n;&|]*\broot\b"
_OPENS = re.compile(_OF_ROOT.format("-d|--delete"))
_LOCKS = re.compile(_OF_ROOT.format("-l|-L|--lock"))


#: A file that is run by its path.
_RUN = re.compile(r"(?:^|[;&|(])[ \t]*(/[^\s;&|)]+)(?=[\s;&|)]|$)", re.MULTILINE)
#: Words of scripts that may have made a file executable.
_OF_MODES = ("chmod", "install", "<<")


def scripts_run_what_may_be_run(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Warn of files that a script below runs by their path, and that nobody may run."""
    written: dict[str, list[TreeOperation]] = {}
    for one in operations:
        if not isinstance(one, Work):
            continue
        run = {path for script in one.scripts() for path in _RUN.findall(script.text)}
        for path in sorted(run & written.keys()):
            for writer in written.pop(path):
                mode = writer.mode_of(path)
                if mode is None or mode & 0o111 or _may_change_modes(writer, operations):
                    continue
                what = f"a script below runs {path}, which nobody may run"
                yield writer.problem(what, "add mode=0o755", about="mode", kind=Advice, code="mode")
        if isinstance(one, TreeOperation):
            for path in one.files_written():
                written.setdefault(path, []).append(one)


def _may_change_modes(writer: Operation, operations: Sequence[Operation]) -> bool:
    """Return whether a script below an operation may have made a file executable."""
    below = operations[operations.index(writer) + 1 :]
    texts = [script.text for one in below if isinstance(one, Work) for script in one.scripts()]
    return any(word in text for text in texts for word in _OF_MODES)


def scripts_suit(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Report scripts that cannot be started, and warn of commands that fail or do nothing."""
    for operation in operations:
        for script in operation.scripts() if isinstance(operation, Work) else ():
            yield from _carriage_returns(operation, script)
            if script.interpreter == "sh":
                yield from _commands(operation, script)


def logins_stay_open(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Warn of a script that locks root's password, which one above has removed."""
    opened: Operation | None = None
    for operation in operations:
        if not isinstance(operation, TreeOperation) or operation.unless is not None:
            continue
        texts = [script.text for script in _scripts_of_system(operation)]
        if opened is not None and any(map(_LOCKS.search, texts)):
            what = f"this locks root, whom {shown_with_line(opened)} lets in"
            hint = "leave out one of the two"
            yield problem_in(operation, what, hint, kind=Advice, code="script-in-vain")
        if any(map(_OPENS.search, texts)):
            opened = operation


def scripts_are_in_the_system(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Warn of files of this machine that a script in the system names, and that nothing copies."""
    changes = [o for o in operations if isinstance(o, TreeOperation)]
    for number, operation in enumerate(changes):
        for script in _scripts_of_system(operation):
            for name in _local_names(operation, _plain(script.text)):
                if not any(_brings(above, name) for above in changes[:number]):
                    yield problem_in(
                        operation,
                        f"the script runs in the system, which does not have {name}",
                        _copying(name, script.text),
                        about=script.about,
                        kind=Advice,
                        code="local-file",
                    )


def _copying(name: str, text: str) -> Hint:
    """Return the hint to copy a file of this machine, to where a script would copy it."""
    file = PurePosixPath(name).name
    copies = re.search(
        rf"{_BEFORE}cp\s+(?:-\S+\s+)*{re.escape(name)}\s+(/[\w./-]+)", text, re.MULTILINE
    )
    target = copies[1] + file * copies[1].endswith("/") if copies else ""
    if PurePosixPath(target).suffix == PurePosixPath(file).suffix != "":  # else a directory, maybe
        return Hint("instead of cp: ", code("copy_file", code("system"), name, target))
    copied = code("copy_file", code("system"), name, f"/root/{file}")
    return Hint("copy it first, and name the copy: ", copied)


def _scripts_of_system(operation: TreeOperation) -> Iterator[Script]:
    """Yield the scripts that an operation certainly runs in the system."""
    for script in operation.scripts():
        if script.about == "script" and not operation.programs and "<<" not in script.text:
            yield script


def _local_names(operation: TreeOperation, text: str) -> Iterator[str]:
    """Yield the words of a script that are names of local files, relative or below the recipe."""
    if _ELSEWHERE.search(text):
        return
    for name in dict.fromkeys(match[2] for match in _WORD.finditer(text)):
        is_below = name.startswith("/") and PurePosixPath(name).is_relative_to(operation.directory)
        is_relative = not name.startswith("/") and "/" in name
        if is_below or is_relative or name.endswith(_ENDS_OF_SCRIPTS):
            with suppress(OSError):
                if (operation.directory / name).is_file():
                    yield name


def _brings(operation: TreeOperation, name: str) -> bool:
    """Return whether an operation may make a local file, or one of its name, in the system."""
    file = PurePosixPath(name).name
    return (
        operation.may_write(str(PurePosixPath("/", name)))
        or any(path.endswith(f"/{file}") for path in operation.files_written())
        or any(path.name == file for path in operation.local_files())
    )


def _plain(text: str) -> str:
    """Return a script without comments and with empty quotes."""
    return _COMMENT.sub("", _QUOTED.sub("''", text.replace("\\\n", " ")))


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
    text = _plain(script.text)
    for own in {name for names in _OWN.findall(text) for name in names if name}:
        text = re.sub(rf"(?<![\w.-]){re.escape(own)}(?![\w.-])", "own", text)
    found = [_of_bash(text)]
    if script.about == "script" and isinstance(operation, Work) and not operation.programs:
        found += [_of_services(text), _of_apt(text), _of_sudo(text)]
        if names_another(script.text):
            found += [("the script is run by sh, whatever #! says", BY_ITS_PATH)]
    elif script.about == "script":
        found += [_of_this_machine(text)]
    for what, hint in filter(None, found):
        yield problem_in(
            operation, what, hint, about=script.about, kind=Advice, code="script-in-vain"
        )


def names_another(text: str) -> bool:
    """Return whether the first line of a script names an interpreter other than a plain shell."""
    found = _SHEBANG.match(text)
    return found is not None and found[1] not in _SHELLS[:2]


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
    if match := _STOPS.search(text):
        what = f"no machine runs while an image is built, so `{match[1]}` fails or does nothing"
        return what, "leave it out"
    return None


def _of_this_machine(text: str) -> tuple[str, str] | None:
    """Return that a script of this machine writes to this machine's own system."""
    for line in text.splitlines():
        if (match := _WRITES_HERE.search(line)) and not _ENTERS.search(line):
            path = match[1] or match[2]
            what = f"the script is run by this machine, so it writes to this machine's {path}"
            return what, f'write "$ROOT{path}" for the one of the system'
    return None


def _of_sudo(text: str) -> tuple[str, str] | None:
    if _SUDO.search(text):
        return "a script is run by root already, and the system may have no sudo", "leave out sudo"
    return None


def _of_apt(text: str) -> tuple[str, str] | None:
    for match in _APT.finditer(text):
        answered = match[0].startswith("|") or "Assume-Yes" in text  # yes | apt-get …
        if not answered and not _NO_QUESTION.search(match[0]):
            return f"`{match[1]}` asks whether to continue, and nobody answers", "add -y"
    return None
