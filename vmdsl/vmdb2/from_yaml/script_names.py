"""Names for the steps that scripts become: what the comment above or the first command says."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

_WORDS = 5
#: Words that comments begin with and that say nothing of what is done.
_EMPTY = re.compile(
    r"\([^)]*\)|\bhttps?://\S+|^\s*(?:todo|fixme|xxx|note|hack)\b\s*(?:\([^)]*\))?\s*:?\s*",
    re.IGNORECASE,
)
#: A line of YAML or shell that was commented out, or one of a list.
_NO_SENTENCE = re.compile(r"^\s*(?:[^A-Za-z\s]|[\w-]+:(?:\s|$)|\w+=)|[|{}<>=\\]|^\W*$")
#: Words that a name does not end with.
_OPEN = {"for", "from", "with", "no", "of", "in", "on", "by", "need", "know", "as", "at", "be"}
_ARTICLES = {"a", "an", "the", "we", "so", "that", "this", "is", "are", "to", "and", "then", "now"}
#: Commands that only prepare others.
_PREPARES = {
    *("set", "export", "cd", "if", "then", "else", "fi", "for", "do", "done", "while", "case"),
    *("true", "test", "[", "[[", "umask", "sleep", "exit", "trap", "source", ".", "echo", "printf"),
    *("cat", "chroot", "sudo", "local", "function", "{", "}", "esac", "mount", "umount", "env"),
    *("ls", "du", "diff", "grep", "find", "pwd", "date", "df", "which", "command", "exec"),
}
_WRAPPERS = {"chroot": 2, "sudo": 1, "eatmydata": 1, "nice": 1}
_ASSIGNED = re.compile(r"^(?:[A-Za-z_]\w*=\S*\s+)*")
_WRITTEN = re.compile(r""">>?\s*["']?([\w${}?./@-]+)""")
#: What commands do, by their first words; the name of what they do it to follows.
_VERBS = {
    "sed": "edit",
    "cp": "copy",
    "mv": "move",
    "rm": "remove",
    "install": "install",
    "ln": "link",
    "mkdir": "make",
    "touch": "make",
    "chmod": "permissions_of",
    "chown": "owner_of",
    "tee": "write",
    "dpkg-reconfigure": "reconfigure",
    "wget": "fetch",
    "curl": "fetch",
    "tar": "unpack",
    "useradd": "add_user",
    "adduser": "add_user",
    "usermod": "change_user",
    "groupadd": "add_group",
    "addgroup": "add_group",
    "passwd": "password_of",
    "patch": "patch",
}
_PLAIN = {
    "chpasswd": "passwords",
    "update-initramfs": "initramfs",
    "mkinitramfs": "initramfs",
    "locale-gen": "locales",
    "update-grub": "grub_menu",
    "grub-install": "grub",
    "flash-kernel": "flash_kernel",
    "dd": "boot_code",
    "ssh-keygen": "ssh_keys",
    "localedef": "locales",
    "update-locale": "locales",
    "debconf-set-selections": "debconf",
}
#: Commands whose first word after options says what is done, and the next one to what.
_OF_WORDS = ("apt-get", "apt", "aptitude", "systemctl", "dpkg", "git", "pip", "pip3", "ufw")


def name_for(script: str, comments: Iterable[str], usual: str = "") -> str:
    """Return words that say what a script does; without a comment that does, `usual` if given."""
    lines = script.splitlines()
    first = next((line.strip() for line in lines if line.strip()), "")
    own = [first.lstrip("# ")] if re.match(r"#(?!!)", first) else []
    said = next(filter(None, map(_said, (*own, *_last_paragraph(comments)))), "")
    return said or usual or next(filter(None, map(_done, _commands(lines))), "customize")


def _last_paragraph(comments: Iterable[str]) -> list[str]:
    """Return the first line of the last paragraph of a comment, if there is one."""
    paragraph: list[str] = []
    for line in comments:
        paragraph = [*paragraph, line] if line.strip() else []
    return paragraph[:1]


def _said(comment: str) -> str:
    """Return the first words of a comment; nothing if it is not a sentence."""
    comment = _EMPTY.sub("", comment)
    if _NO_SENTENCE.search(comment):
        return ""
    sentence = re.split(r"[.;:,!?] |[.;:,!?]$", comment)[0]
    words = re.findall(r"[A-Za-z][A-Za-z0-9'-]*", sentence)
    kept = [word for word in words if word.lower() not in _ARTICLES][:_WORDS]
    while kept and kept[-1].lower() in _OPEN:
        del kept[-1]
    return "_".join(re.split(r"[-']", "-".join(kept))[: _WORDS + 1]) if len(kept) > 1 else ""


def _commands(lines: Iterable[str]) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the words of each command that can be read, and the files that it writes to."""
    for line in lines:
        for command in re.split(r"&&|\|\||;|\|(?!\|)", line):
            text = command.strip()
            if not text or text.startswith("#"):
                continue
            try:
                words = shlex.split(_ASSIGNED.sub("", f"{text} ").strip())
            except ValueError:
                continue
            while words and words[0] in _WRAPPERS:
                del words[: _WRAPPERS[words[0]]]
            if words:
                yield words, _WRITTEN.findall(text)


def _done(command: tuple[list[str], list[str]]) -> str:
    """Return what a command does; nothing if it only prepares others."""
    words, written = command
    program = PurePosixPath(words[0]).name
    plain = [w for w in words[1:] if not w.startswith(("-", ">", "2>", "<")) and w not in written]
    if written and program in {"echo", "printf", "cat"}:
        name = _base(written[0])
        return f"write {name}" if re.search("[A-Za-z]", name) and name != "null" else ""
    if program in _PREPARES or not re.fullmatch(r"[a-z][\w.+-]*", program):
        return ""
    if program in _PLAIN:
        return _PLAIN[program]
    if program in _OF_WORDS:
        first = next((n for n, word in enumerate(plain) if re.fullmatch(r"[a-z-]{2,}", word)), -1)
        return " ".join(map(_base, plain[first : first + 2])) if first >= 0 else program
    if program in _VERBS:
        return f"{_VERBS[program]} {_base(plain[-1])}" if plain else ""
    return program


def _base(path: str) -> str:
    return PurePosixPath(path.rstrip("/")).name or "root"
