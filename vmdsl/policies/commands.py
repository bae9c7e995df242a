"""The commands in a shell script, as words, without running any."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

#: The parts of a script: a comment, the end of a command, the start or the end of a group, the
#: parentheses of a function, a redirection, and a word.
_TOKEN = re.compile(
    r"""(?P<comment>(?<![^\s;&|()])\#[^\n]*)
    |(?P<function>\(\s*\))
    |(?P<redirection>\d*(?:<<<|<<-?|>>|>\||[<>]&|<>|&>>?|[<>])[ \t]*)
    |(?P<end>\n|;;?&?|&&|\|[|&]?|&|`)
    |(?P<open>\()
    |(?P<close>\))
    |(?P<word>(?:\\.|'[^']*'|"(?:\\.|[^"\\])*"|[^\s;&|()<>`'"\\])+)""",
    re.VERBOSE | re.DOTALL,
)
_PIECE = re.compile(r"""'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)""", re.DOTALL)
_ESCAPED = re.compile(r'\\(["$`\\])')
_INNER = re.compile(r"\$\((?!\()(.*)\)", re.DOTALL)
_HERE = re.compile(r"(?<!<)<<-?\s*(['\"\\]?)([A-Za-z_]\w*)\1")
#: Before a here-document that is a script itself, or behind a pipe from one.
_READS_COMMANDS = re.compile(
    r"\b(?:(?:ba|da|k|z)?sh(?:[ \t]+-\S+)*|chroot[ \t]+\S+)[ \t]*<<"
    r"|\|[^\n]*\b(?:ba|da|k|z)?sh(?:[ \t]+-\S+)*[ \t]*$"
)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_RESERVED = frozenset(
    [
        "if",
        "then",
        "else",
        "elif",
        "fi",
        "while",
        "until",
        "do",
        "done",
        "esac",
        "{",
        "}",
        "!",
        "time",
    ]
)
#: Commands that start another one, with the number of arguments before that.
_STARTERS = {
    **dict.fromkeys(("sudo", "env", "exec", "command", "nohup", "nice", "ionice", "xargs"), 0),
    **dict.fromkeys(("eatmydata", "setsid", "stdbuf", "setpriv", "proxychains", "doas"), 0),
    **dict.fromkeys(("timeout", "chroot", "arch-chroot", "flock", "runuser-as"), 1),
}
#: Their options that have a value of their own.
_WITH_VALUE = frozenset(("-u", "-g", "-n", "-s", "-k", "-c", "-D", "-I", "-P"))
_SHELLS = frozenset(("sh", "bash", "dash", "ksh", "zsh", "su", "runuser"))


def commands(script: str) -> Iterator[tuple[str, ...]]:
    """Yield every command of a shell script as its words, without quotes and redirections.

    The first word is the program, without its directory. Those in `$( )`, behind `sudo`, `env` or
    `chroot DIRECTORY`, and in `sh -c` are commands of their own. What a variable holds is not
    known: it stays as it is written.
    """
    functions: set[str] = set()
    text = _without_documents(script.replace("\\\n", " "))
    for words in _Reader(functions=functions).read(text):
        yield from _unwrapped(words, functions)


def _without_documents(script: str) -> str:
    """Return a script without its here-documents, unless a shell reads them."""
    kept: list[str] = []
    lines = script.split("\n")
    while lines:
        line = lines.pop(0)
        kept.append(line)
        ends = [found[2] for found in _HERE.finditer(line) if not line.lstrip().startswith("#")]
        for end in ends:
            stripped = [one.strip() for one in lines]
            if end in stripped:
                last = stripped.index(end)
                if _READS_COMMANDS.search(line):
                    kept += lines[:last]
                del lines[: last + 1]
    return "\n".join(kept)


@dataclass(kw_only=True)
class _Reader:
    """Collects the words of commands, and names of functions. `outer` are those around `( )`."""

    functions: set[str]
    words: list[str] = field(default_factory=list)
    outer: list[list[str]] = field(default_factory=list)
    skips: bool = False  # the next word is a file

    def read(self, script: str) -> Iterator[list[str]]:
        """Yield the words of each command, those in `$( )` first."""
        for token in _TOKEN.finditer(script):
            if token.lastgroup == "word":
                yield from self._word(token.group())
            elif token.lastgroup in ("end", "close"):
                if self.words and (token.lastgroup == "end" or self.outer):
                    yield self.words
                self._end(is_closed=token.lastgroup == "close")
            elif token.lastgroup == "open":
                self.outer.append(self.words)
                self.words = []
            elif token.lastgroup == "redirection":
                self.skips = True
            elif token.lastgroup == "function":
                self.functions.update(self.words[-1:])
                self.words = []
        yield from filter(None, (self.words, *reversed(self.outer)))

    def _word(self, text: str) -> Iterator[list[str]]:
        plain, inner = _unquoted(text)
        for script in inner:
            yield from _Reader(functions=self.functions).read(script)
        if not self.skips:
            self.words.append(plain)
        self.skips = False

    def _end(self, *, is_closed: bool) -> None:
        """Begin with the next command. A `)` that closes nothing ends a pattern of `case`."""
        self.skips = False
        self.words = self.outer.pop() if is_closed and self.outer else []
        if is_closed and self.words:
            self.words[-1] += "()"  # of $( )


def _unquoted(word: str) -> tuple[str, list[str]]:
    """Return a word without its quotes, and the scripts in `$( )` within them."""
    inner: list[str] = []

    def plain(piece: re.Match[str]) -> str:
        if piece[1] is not None:
            return piece[1]
        if piece[2] is not None:
            inner.extend(_INNER.findall(piece[2]))
            return _ESCAPED.sub(r"\1", piece[2])
        return piece[3]

    return _PIECE.sub(plain, word), inner


def _unwrapped(words: Sequence[str], functions: set[str]) -> Iterator[tuple[str, ...]]:
    """Yield a command without the words before it, and those that it starts."""
    left = list(words)
    while left and (left[0] in _RESERVED or _ASSIGNMENT.match(left[0])):
        del left[0]
    if not left or left[0] in functions:
        return
    program = left[0].rpartition("/")[2]
    yield (program, *left[1:])
    if program in _SHELLS:
        for number, word in enumerate(left[1:-1], start=1):
            if re.fullmatch(r"-[a-zA-Z]*c|--command", word):
                yield from commands(left[number + 1])
    if program not in _STARTERS or (program == "command" and left[1:2] in (["-v"], ["-V"])):
        return
    del left[0]
    while left and left[0].startswith("-"):
        del left[: 2 if left[0] in _WITH_VALUE else 1]
    while left and _ASSIGNMENT.match(left[0]):
        del left[0]
    yield from _unwrapped(left[_STARTERS[program] :], functions)
