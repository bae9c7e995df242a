"""Scripts in parts, so that what the library does stands between them and not in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from itertools import pairwise

from vmdsl.vmdb2.draft import Result
from vmdsl.vmdb2.from_yaml.idioms import idioms
from vmdsl.vmdb2.text import Text

#: Words that make the next lines depend on a line, or that end the script.
_STATEFUL = {
    *("if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac"),
    *("function", "return", "exit", "exec", "trap", "cd", "pushd", "popd", "export", "source", "."),
    *("set", "shopt", "eval", "local", "alias", "unset", "shift", "umask", "read", "wait", "time"),
    *("{", "}", "(", ")", "!", "select", "break", "continue", "declare", "readonly", "getopts"),
}
#: What ends up between scripts; all else stays where it is.
_APART = re.compile(r"^(?:open_root_console|(?:enable|disable|mask)_unit|set_hostname)$")


def parts_of(system: Result, script: Text, *, on_host: bool) -> Sequence[Text]:
    """Return a script in parts, each of which begins where the library does something.

    It is one part if a line may depend on those above: on a variable, a directory, a condition.
    """
    if not script.is_plain:
        return [script]
    lines = script.split("\n")
    if not all(map(is_by_itself, lines)):
        return [script]
    starts = [0]
    follows_script = False
    for number, line in enumerate(lines):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = idioms(system, Text(line, script.where), on_host=on_host)
        is_known = found and not found.rest and all(_APART.match(c.function) for c in found.calls)
        if is_known and follows_script:
            first = number
            while lines[first - 1].lstrip().startswith("#"):
                first -= 1
            starts.append(first)
        follows_script = not is_known
    ends = [*starts[1:], len(lines)]
    texts = ("\n".join(lines[a:b]).strip("\n") for a, b in zip(starts, ends, strict=True))
    return [Text(text, script.where) for text in texts if text] if len(starts) > 1 else [script]


def is_by_itself(line: str) -> bool:
    """Return whether a line has whole commands that leave nothing for those below but files."""
    text = line.strip()
    if not text or text.startswith("#"):
        return True
    if "<<" in text or " & " in text or "`" in text or text.endswith(("\\", "|", "&", "{", "(")):
        return False
    try:
        words = shlex.split(text)
    except ValueError:
        return False
    firsts = [
        words[0],
        *(after for word, after in pairwise(words) if word in _JOINTS),
    ]
    return not any(word in _STATEFUL or re.match(r"\w+=", word) for word in firsts) and not any(
        word.endswith(";") and word != ";" for word in words
    )


_JOINTS = ("&&", "||", "|", ";")
