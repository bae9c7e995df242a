"""A policy: nobody logs in without a secret or a key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from vmdsl.language.operation import Fact, Operation, Work
from vmdsl.operations.boot_loaders.boot_loader import BootMenu
from vmdsl.operations.files.passwords import SetPassword
from vmdsl.plan.plan import Plan
from vmdsl.policies.commands import commands
from vmdsl.policies.finding import Finding
from vmdsl.policies.texts import Text, files, scripts

_COMMENT = re.compile(r"^[ \t]*[#;].*", re.MULTILINE)
_COMMENT_OF_SHELL = re.compile(r"(?:^|(?<=[\s;]))#.*", re.MULTILINE)
_HINT = "give the password as a Secret: set_password(), or a key: add_user(ssh_keys=…)"
_EMPTY = "{} logs in without a password"
_IN_TEXT = "the password of {} stands in the recipe"
_AUTOLOGIN = "a console logs in by itself, as nobody is asked for a password"
#: Settings that open a system: the directories of their files, the setting, and what it does.
#: Scripts that write such a file have the setting in them.
_SETTINGS = (
    (
        ("/etc/systemd", "/usr/lib/systemd", "/lib/systemd", "/etc/inittab"),
        re.compile(r"getty\b[^\n]*[ \t](?:--autologin[ =]|-a[ \t])"),
        _AUTOLOGIN,
    ),
    (
        ("/etc/ssh",),
        re.compile(r"^[ \t]*PermitEmptyPasswords[ \t]+yes\b", re.MULTILINE | re.IGNORECASE),
        "the SSH server lets in whoever has an empty password",
    ),
    (
        ("/etc/gdm3", "/etc/lightdm", "/usr/share/lightdm", "/etc/sddm.conf", "/etc/sddm.conf.d"),
        re.compile(
            r"^[ \t]*AutomaticLoginEnable[ \t]*=[ \t]*(?:true|1)\b"
            r"|^[ \t]*autologin-user[ \t]*=[ \t]*\S"
            r"|^[ \t]*\[Autologin\][^\[]*^[ \t]*User[ \t]*=[ \t]*\S",
            re.MULTILINE | re.IGNORECASE,
        ),
        "the desktop logs in by itself, as nobody is asked for a password",
    ),
    (
        ("/etc/cloud", "/var/lib/cloud"),
        re.compile(r"^[ \t-]*plain_text_passwd:[ \t]*[^\s#]", re.MULTILINE),
        "the password of a user stands in the recipe, for cloud-init",
    ),
)
_ACCOUNTS = ("/etc/shadow", "/etc/passwd")
_NO_PASSWORD = re.compile(r"^([a-z_][a-z0-9_-]*)::", re.MULTILINE)
#: An edit of /etc/shadow that leaves an account without a password.
_EDIT = re.compile(r"(?<![\w-])([a-z_][a-z0-9_-]*)::")
_INTO = r"\|[ \t]*(?:(?:sudo|chroot[ \t]+\S+)[ \t]+)?(?:/usr/s?bin/)?"
#: Passwords in the text of a script; one with $ or ` is from elsewhere.
_PIPED = re.compile(
    r"(?:echo|printf)\b[^\n|;&]*?(?<![\w-])([a-z_][a-z0-9_-]*):[^\s$`|:][^\n$`|]*"
    rf"{_INTO}chpasswd\b(?![^\n|;&]*[ \t](?:-e|--encrypted)\b)"
)
_PIPED_TO_PASSWD = re.compile(rf"(?:echo|printf)\b[^\n$`|;&]*{_INTO}passwd\b([^\n|;&]*)")
_DOCUMENT = re.compile(
    r"\bchpasswd\b(?![^\n]*[ \t](?:-e|--encrypted)\b)[^\n<]*<<-?[ \t]*['\"]?(\w+)['\"]?[^\n]*\n"
    r"(.*?)^\s*\1[ \t]*$",
    re.DOTALL | re.MULTILINE,
)
_HERE_STRING = re.compile(
    r"\bchpasswd\b[^\n<]*<<<[ \t]*['\"]?([a-z_][a-z0-9_-]*):[^\s$`'\"][^\n$`]*"
)
_PLAIN = re.compile(r"^\s*([a-z_][a-z0-9_-]*):[^\s$`:]", re.MULTILINE)
_HASHED_HERE = re.compile(r"\$\([ \t]*(?:openssl[ \t]+passwd|mkpasswd)\b[^$`|<]*[ \t][^-\s$`)]")
_SHELLS_OF_KERNEL = re.compile(r"(?:rd)?init=/(?:usr/)?bin/\w*sh|systemd\.debug[-_]shell(?:=1)?")


@dataclass(frozen=True, kw_only=True)
class _Opened:
    """An account without a password, unless a later operation locks it or sets one."""

    user: str
    finding: Finding
    unless: Fact | None


def no_open_login(plan: Plan) -> Iterator[Finding]:
    """Refuse logins without a secret or a key.

    Reported are accounts without a password (`passwd --delete`, open_root_console()), passwords
    that stand in the recipe, consoles, desktops and SSH servers that ask for none, and kernel
    parameters that open a shell. Packages, tarballs and playbooks are not looked into.
    """
    opened: list[_Opened] = []
    for operation in plan.tree_operations:
        if isinstance(operation, SetPassword):
            if operation.password.source == "text":
                yield Finding(
                    what=_IN_TEXT.format(operation.user),
                    at=operation,
                    hint='take it from a file: Secret.from_file("password")',
                    about="password",
                )
            opened = _without(opened, operation.user, operation.unless)
        for text in scripts_of(operation):
            for user, what in _changes(text.text):
                opened = _without(opened, user, operation.unless)
                if what:
                    found = Finding(
                        what=what.format(user), at=operation, hint=_HINT, about=text.about
                    )
                    opened.append(_Opened(user=user, finding=found, unless=operation.unless))
    yield from (one.finding for one in opened)
    yield from _settings(plan)
    for menu in plan.tree_operations:
        if isinstance(menu, BootMenu):
            yield from _parameters(menu)


def scripts_of(operation: Operation) -> Iterator[Text]:
    """Yield the scripts of an operation that the build runs."""
    for script in operation.scripts() if isinstance(operation, Work) else ():
        if script.about == "script":
            yield Text(at=operation, about=script.about, path="", text=script.text)


def _without(opened: list[_Opened], user: str, unless: Fact | None) -> list[_Opened]:
    """Return the accounts that are still open after an operation has changed that of a user."""
    return [
        one
        for one in opened
        if one.user != user or (unless is not None and unless is not one.unless)
    ]


def _changes(script: str) -> Iterator[tuple[str, str]]:
    """Yield each user whose account a script changes, with what is wrong then, or ""."""
    for words in commands(script):
        program, *arguments = words
        change = _CHANGES.get(program)
        if change:
            yield from change(arguments)
    text = _COMMENT_OF_SHELL.sub("", script.replace("\\\n", " "))
    for found in _PIPED.finditer(text):
        yield found[1], _IN_TEXT
    for found in _PIPED_TO_PASSWD.finditer(text):
        users = [word for word in found[1].split() if not word.startswith("-")]
        yield (users or ["root"])[-1], _IN_TEXT
    for found in _DOCUMENT.finditer(text):
        for user in _PLAIN.findall(found[2]):
            yield user, _IN_TEXT
    for found in _HERE_STRING.finditer(text):
        yield found[1], _IN_TEXT


def _by_passwd(arguments: list[str]) -> Iterator[tuple[str, str]]:
    flags = [word for word in arguments if word.startswith("-")]
    users = [word for word in arguments if not word.startswith("-")] or ["root"]
    letters = "".join(word[1:] for word in flags if not word.startswith("--"))
    if "d" in letters or "--delete" in flags:
        yield users[-1], _EMPTY
    elif "l" in letters or "--lock" in flags:
        yield users[-1], ""


def _by_usermod(arguments: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the user whose password useradd or usermod sets."""
    for number, word in enumerate(arguments[:-1]):
        if word in ("-p", "--password") or word.startswith("--password="):
            value = word.partition("=")[2] if "=" in word else arguments[number + 1]
            if not value:
                yield arguments[-1], _EMPTY
            elif _HASHED_HERE.search(value):
                yield arguments[-1], _IN_TEXT
            elif value.startswith(("!", "*", "$")):
                yield arguments[-1], ""
        elif word in ("-L", "--lock"):
            yield arguments[-1], ""


def _by_sed(arguments: list[str]) -> Iterator[tuple[str, str]]:
    if any(word.endswith(_ACCOUNTS) for word in arguments):
        for word in arguments:
            for user in _EDIT.findall(word):
                yield user, _EMPTY


def _by_systemctl(arguments: list[str]) -> Iterator[tuple[str, str]]:
    if "enable" in arguments and {"debug-shell", "debug-shell.service"}.intersection(arguments):
        yield "", "the unit debug-shell.service opens a shell of root on a console"


#: The programs that change an account, and a function that reads their arguments.
_CHANGES = {
    "passwd": _by_passwd,
    "usermod": _by_usermod,
    "useradd": _by_usermod,
    "sed": _by_sed,
    "systemctl": _by_systemctl,
}


def _settings(plan: Plan) -> Iterator[Finding]:
    """Report files, and scripts that write files, with a setting that opens the system."""
    run = list(scripts(plan))
    for folders, setting, what in _SETTINGS:
        for text in (*files(plan, *folders), *run):
            if setting.search(_COMMENT.sub("", text.text)):
                yield Finding(what=what, at=text.at, hint="leave it out", about=text.about)
    for text in files(plan, *_ACCOUNTS):
        for user in _NO_PASSWORD.findall(text.text):
            yield Finding(what=_EMPTY.format(user), at=text.at, hint=_HINT, about=text.about)


def _parameters(menu: BootMenu) -> Iterator[Finding]:
    for name in ("parameters", "default_parameters"):
        for number, parameter in enumerate(getattr(menu, name)):
            if _SHELLS_OF_KERNEL.fullmatch(parameter):
                yield Finding(
                    what=f"the kernel parameter {parameter} opens a shell of root",
                    at=menu,
                    hint="leave it out",
                    about=f"{name}[{number}]",
                )
