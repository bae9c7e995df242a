"""Values of a specification as what their steps take, with all the traps of YAML 1.1."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import yaml

from vmdsl.errors import Where
from vmdsl.vmdb2.reading.findings import Findings
from vmdsl.vmdb2.reading.jinja import Templates
from vmdsl.vmdb2.reading.mappings import Mappings
from vmdsl.vmdb2.reading.nodes import Document, Items, Node, Pairs, Scalar, below, position
from vmdsl.vmdb2.reading.not_yaml import go_template
from vmdsl.vmdb2.schema import Data
from vmdsl.vmdb2.text import Text

KINDS = {
    "int": "a whole number",
    "float": "a number with a point",
    "bool": "true or false",
    "null": "nothing",
    "timestamp": "a date",
    "map": "a mapping",
    "seq": "a list",
}
#: The tags of a plain `=` and a plain `<<`.
SIGNS = ("value", "merge")
_MOST_SHOWN = 40
#: More values than this come of aliases in aliases alone.
MOST = 50_000
_MODES = ("perm", "umask")
_NEVER_NEGATIVE = (*_MODES, "uid", "gid")
_HIGHEST_MODE = 0o777
#: The bits of a mode, with setuid and its like.
_BITS = 0o7777
#: Modes that files and directories often have.
_USUAL = {
    *(0o400, 0o440, 0o444, 0o500, 0o550, 0o555, 0o600, 0o640, 0o644, 0o660, 0o664, 0o666),
    *(0o700, 0o710, 0o711, 0o750, 0o755, 0o770, 0o775, 0o777),
}
_BRACES = re.compile(r"\{\{.*?\}\}")


def shown(node: Node) -> str:
    """Return a value as a message shows it, with what YAML takes it for."""
    if not isinstance(node, Scalar):
        return KINDS.get(node.tag, f"something with the tag {node.tag}")
    text = " ".join(node.value.split())
    text = text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]} ..."
    if node.tag == "str":
        return f"the text {quoted(text)}"
    if node.tag == "null":
        return "nothing"
    return f"{text}, which {_taken_for(node)}"


def _taken_for(node: Scalar) -> str:
    value = integer(node) if node.tag == "int" else None
    if value is not None and str(value) != node.value:
        return f"YAML takes for the number {value}"
    if node.tag == "timestamp" and not _is_date(node.value):
        return "YAML takes for a date that does not exist"
    if node.tag in SIGNS:
        return "is a sign of YAML's own"
    return f"YAML takes for {KINDS[node.tag]}" if node.tag in KINDS else f"has the tag {node.tag}"


def quoted(text: str) -> str:
    """Return a text in double quotes, as YAML has it."""
    return json.dumps(text, ensure_ascii=False)


def integer(node: Scalar) -> int | None:
    """Return the number that YAML 1.1 makes of a scalar; None if even that fails."""
    try:
        return int(yaml.SafeLoader("").construct_yaml_int(yaml.ScalarNode(node.tag, node.value)))
    except (ValueError, IndexError):
        return None


def _is_date(text: str) -> bool:
    found = re.match(r"(\d{4})-(\d\d?)-(\d\d?)", text)
    try:
        return bool(found and date(*map(int, found.groups())))
    except ValueError:
        return False


def number_hint(node: Node, key: str, *, octal: bool) -> str:
    """Return how to write a number instead of a value; with `octal`, the mode of a file."""
    text = node.value if isinstance(node, Scalar) else ""
    if octal:
        found = re.fullmatch(r"\s*0?o?0*([0-7]{1,4})\s*", text)
        digits = f"0{found[1]}" if found else "0644"
        return f"write it as octal, without quotes: {key}: {digits}"
    found = re.fullmatch(r"\s*(\d+)(\.0*)?\s*", text)
    return f"write it without quotes: {key}: {found[1] if found else '0'}"


@dataclass(kw_only=True)
class Values:
    """Makes values of nodes. A mistake is added to `findings`, and read as it was meant.

    A node that can mean nothing has the value None.
    """

    document: Document
    templates: Templates
    mappings: Mappings
    findings: Findings
    _count: int = 0

    def text(self, node: Node, key: str, path: str) -> Text:
        """Return a text, with its variables filled in."""
        if not isinstance(node, Scalar) or node.tag != "str":
            self._no_text(node, key, path)
            only = node.items[0] if isinstance(node, Items) and len(node.items) == 1 else node
            if isinstance(only, Scalar) and only.tag != "null":  # what was meant, for what follows
                return Text(only.value, self.document.where(node, path), None)
            return Text("", self.document.where(node, path), None)
        where = self.document.where(node, path)
        filled = self.templates.fill(node.value)
        for fault in filled.faults:
            line, column = position(self.document, node, fault.offset)
            place = Where(self.document.path, line, column, path)
            report = self.findings.wrong if fault.wrong else self.findings.odd
            report(place, fault.what, fault.hint, code="spec-template")
        if any(fault.wrong for fault in filled.faults):
            return Text(node.value, where, None)
        return Text(filled.value, where, filled.parts, filled.template)

    def texts(self, node: Node, key: str, path: str) -> tuple[Text, ...]:
        """Return a list of texts."""
        if not isinstance(node, Items) or node.tag != "seq":
            self._no_list(node, key, path)
            words = node.value if isinstance(node, Scalar) and "{" not in node.value else ""
            where = self.document.where(node, path)
            return tuple(Text(word, where) for word in re.split(r"[,\s]+", words) if word)
        return tuple(
            self.text(item, f"each of {key}", f"{path}[{index}]")
            for index, item in enumerate(node.items)
        )

    def flag(self, node: Node, key: str, path: str) -> bool | None:
        """Return true or false; None for another value."""
        if isinstance(node, Scalar) and node.tag == "bool":
            return yaml.SafeLoader.bool_values[node.value.lower()]
        hint = f"write {key}: true or {key}: false"
        if isinstance(node, Scalar) and node.value.lower() in ("0", "1"):
            hint = f"write {key}: {'false' if node.value == '0' else 'true'}"
        elif isinstance(node, Scalar) and node.value.lower() in yaml.SafeLoader.bool_values:
            hint = f"write it without quotes: {key}: {node.value}"
        self._wrong_kind(node, key, path, "true or false", hint)
        return None

    def number(self, node: Node, key: str, path: str) -> int | None:
        """Return a whole number; None for another value."""
        if not isinstance(node, Scalar) or node.tag != "int":
            hint = number_hint(node, key, octal=key in _MODES)
            self._wrong_kind(node, key, path, "a whole number", hint)
            return None
        value = integer(node)
        if value is None or (value < 0 and key in _NEVER_NEGATIVE):
            what = f"{node.value} is not a number that can be used"
            self._problem(node, path, what, "write a number such as 1000")
            return None
        self._odd_number(node, key, path, value)
        return value

    def data(self, node: Node, key: str, path: str) -> Data | None:
        """Return a value of any type that vmdb2 passes on."""
        self._count += 1
        if self._count >= MOST:
            if self._count == MOST:
                what = f"{key} has more than {MOST} values, by aliases of aliases"
                self._problem(node, path, what, "write out what is meant")
            return None
        if isinstance(node, Scalar) and node.tag == "bool":
            return self.flag(node, key, path)
        if isinstance(node, Scalar) and node.tag == "int":
            return self.number(node, key, path)
        if isinstance(node, Items) and node.tag == "seq":
            items = [self.data(item, key, f"{path}[{n}]") for n, item in enumerate(node.items)]
            return [item for item in items if item is not None]
        if isinstance(node, Pairs) and node.tag == "map" and not self._is_template(node):
            return dict(self.pairs(node, path))
        return self.text(node, key, path)

    def pairs(self, node: Node, path: str) -> Mapping[str, Data]:
        """Return a mapping of values of any type that vmdb2 passes on."""
        if not isinstance(node, Pairs) or node.tag != "map" or self._is_template(node):
            key = path.rpartition(".")[2]
            self._wrong_kind(node, key, path, "a mapping", "write `name: value` lines below it")
            return {}
        found = {}
        for name, entry in self.mappings.entries(node, path).items():
            value = self.data(entry.value, name, below(path, name))
            if value is not None:
                found[name] = value
        return found

    def loses_newline(self, node: Node, key: str, path: str) -> None:
        """Warn if vmdb2 takes away the only newline at the end of a file."""
        if isinstance(node, Scalar) and re.search(r"[^\n]\n\Z", node.value):
            what = "vmdb2 drops the last newline, so the last line of the file has none"
            hint = f"to have one, write `{key}: |+` and an empty line below the text"
            self._warning(node, path, what, hint)

    def _odd_number(self, node: Scalar, key: str, path: str, value: int) -> None:
        """Warn of a number that may not be what was meant."""
        written = node.value.lstrip("+-").replace("_", "")
        if ":" in written:
            what = f"YAML takes {node.value} for minutes and seconds, {value}"
            self._warning(node, path, what, f"write {key}: {value}")
        elif key in _MODES:
            octal = int(written, 8) if re.fullmatch("[0-7]+", written) else None
            is_meant = value in _USUAL and octal not in _USUAL  # such as 420, which is 0644
            if not (written.startswith("0") or is_meant) and (
                value > _HIGHEST_MODE or octal is not None
            ):
                what = f"{node.value} is decimal, and means the mode {value & _BITS:04o}"
                meant = value if octal is None else octal
                self._warning(node, path, what, f"write {key}: 0{meant & _BITS:o}")
            elif value > _BITS:
                mode = f"{value & _BITS:04o}"
                what = f"{node.value} says more than permissions, and means the mode {mode}"
                self._warning(node, path, what, f"write {key}: {mode}")
        elif re.match(r"0\d", written):
            what = f"{node.value} is octal, and means {value}"
            self._warning(node, path, what, f"write {key}: {value}")

    def _no_text(self, node: Node, key: str, path: str) -> None:
        if isinstance(node, Scalar) and node.tag == "null":
            self._problem(node, path, f"{key} has no value", f"give it one, or leave {key} out")
            return
        hint = "write a text"
        if isinstance(node, Scalar) and node.tag not in KINDS:
            written = node.value if node.tag in SIGNS else f"{node.tag} {node.value}".rstrip()
            hint = f"tags have no meaning here; in quotes it is text: {quoted(written)}"
        elif isinstance(node, Scalar):
            does = "fails at it in the build" if path.endswith("]") else "refuses it, too"
            does = "aborts" if node.tag in ("float", "timestamp") else does
            hint = f"vmdb2 {does}; in quotes it is text: {quoted(node.value)}"
        self._wrong_kind(node, key, path, "text", hint)

    def _no_list(self, node: Node, key: str, path: str) -> None:
        hint = f"write a list: {key}: [one, another]"
        if isinstance(node, Scalar) and node.tag == "null":
            hint = f"write {key}: [] or leave {key} out"
        elif isinstance(node, Scalar) and "{" not in node.value:
            words = ", ".join(re.split(r"[,\s]+", node.value.strip()))
            hint = f"write a list: {key}: [{words}]"
        self._wrong_kind(node, key, path, "a list", hint)

    def _wrong_kind(self, node: Node, key: str, path: str, wanted: str, hint: str) -> None:
        if self._is_template(node):
            template = go_template(self.document, node.line)
            if template:
                self._problem(node, path, template.what, template.hint, "spec-template")
                return
            line = self.document.lines[node.line - 1]
            found = _BRACES.match(line, node.column - 1)
            what = "a template must stand in quotes; without them, braces are a mapping"
            self._problem(
                node,
                path,
                what,
                f"write {quoted(found[0] if found else '{{ ... }}')}",
                "spec-template",
            )
            return
        if isinstance(node, Scalar) and node.tag == "str" and "{{" in node.value:
            hint = "a template gives text, never anything else; write the value itself"
        self._problem(node, path, f"{key} must be {wanted}, and this is {shown(node)}", hint)

    def _is_template(self, node: Node) -> bool:
        return isinstance(node, Pairs) and any(isinstance(key, Pairs) for key, _ in node.pairs)

    def _problem(
        self, node: Node, path: str, what: str, hint: str, code: str = "spec-value"
    ) -> None:
        self.findings.wrong(self.document.where(node, path), what, hint, code=code)

    def _warning(self, node: Node, path: str, what: str, hint: str) -> None:
        self.findings.odd(self.document.where(node, path), what, hint, code="spec-value")
