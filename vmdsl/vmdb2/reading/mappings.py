"""Mappings of YAML: each key once, and what `<<` takes from others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from vmdsl.vmdb2.reading.findings import Findings
from vmdsl.vmdb2.reading.nodes import Document, Entry, Items, Node, Pairs, Scalar, below


@dataclass(kw_only=True)
class Mappings:
    """Looks into mappings: every key once, and what `<<` takes from others."""

    document: Document
    findings: Findings
    _known: dict[int, Mapping[str, Entry]] = field(default_factory=dict)

    def entries(self, node: Pairs, path: str) -> Mapping[str, Entry]:
        """Return the entries of a mapping. Report mistakes in its keys, once for each mapping."""
        known = self._known.get(id(node.pairs))
        if known is None:
            known = self._known[id(node.pairs)] = self._look(node, path)
        return known

    def _look(self, node: Pairs, path: str) -> Mapping[str, Entry]:
        merged: dict[str, Entry] = {}
        own: dict[str, Entry] = {}
        for key, value in node.pairs:
            if isinstance(key, Scalar) and key.tag == "merge":
                for other in reversed(list(self._merged(value, path))):
                    merged |= self.entries(other, path)
            elif not isinstance(key, Scalar):
                self._report(key, path, *_no_key(key))
            elif key.tag != "str":
                what = f"a key must be text, and YAML takes `{key.value}` for something else"
                self._report(key, path, what, f'write it in quotes: "{key.value}":')
            elif key.value in own:
                self._twice(key, own[key.value].key, below(path, key.value))
                own[key.value] = Entry(key=key, value=value)
            else:
                own[key.value] = Entry(key=key, value=value)
        return merged | own

    def _merged(self, value: Node, path: str) -> Iterator[Pairs]:
        for node in value.items if isinstance(value, Items) else (value,):
            if isinstance(node, Pairs):
                yield node
            else:
                self._report(
                    node, path, "`<<` takes the keys of a mapping", "give it an alias: *name"
                )

    def _report(self, node: Node, path: str, what: str, hint: str) -> None:
        self.findings.wrong(self.document.where(node, path), what, hint, code="spec-yaml")

    def _twice(self, key: Scalar, first: Scalar, path: str) -> None:
        where = self.document.where(key, path)
        what = f"{key.value} is there twice, first in line {first.line}"
        if self.findings.lenient:
            self.findings.odd(
                where, f"{what}: only the last counts", "remove the first", code="spec-key"
            )
        else:
            hint = "vmdb2 silently takes the last (as --lenient does); remove one"
            self.findings.wrong(where, what, hint, code="spec-key")


def _no_key(key: Node) -> tuple[str, str]:
    if isinstance(key, Pairs) and key.flow:
        return "braces are a mapping in YAML", 'a template stands in quotes: "{{ output }}"'
    return "a key must be text", "write it in one line, and in quotes"
