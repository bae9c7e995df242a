"""Mistakes in playbooks that Ansible would find only when it plays them."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

_LARGEST = 2**20
#: The argument that is the playbook itself.
_FILE = "playbook"
_IMPORTS = ("import_playbook", "ansible.builtin.import_playbook")
#: What the one host of the inventory is called, besides the name of its group.
_NAMES = ("system", "localhost", "127.0.0.1")


def playbook_mistakes(file: Path, group: str) -> Iterator[tuple[str, str, str]]:
    """Yield mistakes in a playbook that is played for a group, each with a hint and an argument.

    The group is empty if it is not known. A file that cannot be read is another rule's matter.
    """
    try:
        text = file.read_text(encoding="utf-8") if file.stat().st_size <= _LARGEST else ""
    except (OSError, UnicodeDecodeError):
        return
    if not text.strip() or text.startswith("$ANSIBLE_VAULT"):
        return

    import yaml  # noqa: PLC0415 (slow, and few recipes have a playbook)

    try:
        plays = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}: " if mark else ""
        reason = str(getattr(error, "problem", None) or error).splitlines()[0]
        yield (
            f"{file.name} is not YAML: {place}{reason}",
            "a playbook is a list of plays, in YAML",
            _FILE,
        )
        return
    if not isinstance(plays, yaml.SequenceNode):
        line = plays.start_mark.line + 1 if plays else 1
        hint = "each play begins with a hyphen, as in `- hosts: all`"
        yield f"{file.name} is not a list of plays (line {line})", hint, _FILE
        return
    hosts = []
    for play in plays.value:
        line = play.start_mark.line + 1
        keys = _scalars(play)
        if not isinstance(play, yaml.MappingNode):
            yield (
                f"{file.name}: what is in line {line} is not a play",
                "write `- hosts: all`",
                _FILE,
            )
        elif not {"hosts", *_IMPORTS}.intersection(keys):
            hint = "a list of tasks goes below `tasks:` of a play, or into a role"
            yield f"{file.name}: the play in line {line} has no hosts", hint, _FILE
        hosts.append(keys.get("hosts", "all"))
    if hosts and group and not any(_may_mean(pattern, group) for pattern in hosts):
        shown = ", ".join(dict.fromkeys(hosts))
        hint = f"give the group {hosts[0]}, or write `hosts: all`"
        yield f"{file.name} has no play for the group {group}: its hosts are {shown}", hint, "group"


def _scalars(play: Any) -> dict[str, str]:
    """Return the keys of a play, and its values; a list or a mapping stands for all hosts."""
    value = play.value if isinstance(play.value, list) else []
    pairs = [pair for pair in value if isinstance(pair, tuple)]
    return {
        str(key.value): content.value if isinstance(content.value, str) else "all"
        for key, content in pairs
    }


def _may_mean(pattern: str, group: str) -> bool:
    """Return whether a pattern of hosts may match the one host, by a generous reading."""
    if "{{" in pattern or "~" in pattern:
        return True
    words = [word.strip().partition("[")[0] for word in pattern.replace(":", ",").split(",")]
    names = ("all", group, *_NAMES)
    return any(word[:1] in "!&" or fnmatchcase(name, word) for word in words for name in names)
