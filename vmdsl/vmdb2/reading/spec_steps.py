"""From mappings to steps: which step it is, and what its keys are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_origin

from vmdsl.errors import Where
from vmdsl.vmdb2.reading.findings import Findings
from vmdsl.vmdb2.reading.mappings import Mappings
from vmdsl.vmdb2.reading.nodes import Document, Entry, Items, Node, Pairs, Scalar, below
from vmdsl.vmdb2.reading.step_kinds import (
    DONE_ANYWAY,
    FIELDS,
    NEVER,
    STEP_BY_KEY,
    ZEROFREE,
    Field,
    Kinds,
    kinds_of,
    lacking,
    meant_by,
    names_of,
)
from vmdsl.vmdb2.reading.typed_values import Values
from vmdsl.vmdb2.schema import CreateFile, SpecStep, Zerofree
from vmdsl.vmdb2.text import Text

#: In place of a system's values that are missing, so that other steps make sense.
_STAND_INS = {"debootstrap": "stable", "mirror": "http://mirror.example/debian"}


@dataclass(kw_only=True)
class Steps:
    """Makes steps of mappings. A mistake is added to `findings`, and read as it was meant."""

    document: Document
    values: Values
    mappings: Mappings
    findings: Findings

    def steps(self, item: Node, path: str, comments: tuple[str, ...]) -> tuple[SpecStep, ...]:
        """Return the steps that an element of `steps` is: one, except for mistakes."""
        where = self.document.where(item, path)
        if not isinstance(item, Pairs) or item.tag != "map" or not item.pairs:
            self._no_mapping(item, where)
            return ()
        entries = self.mappings.entries(item, path)
        if not entries:
            if all(isinstance(key, Scalar) and key.tag == "merge" for key, _ in item.pairs):
                self._no_mapping(item, where)
            return ()
        if set(entries) == {"zerofree"}:
            self.findings.odd(where, *ZEROFREE, code="spec-differs")
            return (Zerofree(where=where, comments=comments, places={}),)
        kinds = kinds_of(entries)
        if kinds.what:
            key = entries[kinds.wrong].key
            place = below(path, key.value) if len(kinds.named) > 1 else path
            self.findings.wrong(
                self.document.where(key, place), kinds.what, kinds.hint, code="spec-key"
            )
        entries = {kinds.meant.get(key, key): entry for key, entry in entries.items()}
        return tuple(self._filled(kind, kinds, entries, where, comments) for kind in kinds.named)

    def _no_mapping(self, item: Node, where: Where) -> None:
        hint = "a step is a mapping, such as `mount: root`"
        if isinstance(item, Scalar) and item.value in STEP_BY_KEY:
            hint = f"it lacks a colon and a value: {item.value}: ..."
        empty = isinstance(item, Pairs) or (isinstance(item, Scalar) and item.tag == "null")
        what = "this step is empty" if empty else "this is not a step"
        self.findings.wrong(where, what, hint, code="spec-key")

    def _filled(
        self,
        kind: type[SpecStep],
        kinds: Kinds,
        entries: Mapping[str, Entry],
        where: Where,
        comments: tuple[str, ...],
    ) -> SpecStep:
        if len(kinds.named) > 1:  # which is reported; each gets the keys that are its own
            entries = {key: entry for key, entry in entries.items() if key in names_of(kind)}
        else:
            entries = self._as_meant(kind, kinds.named[kind], entries, where)
        values: dict[str, Any] = {}
        places: dict[str, Where] = {}
        for field in FIELDS[kind]:
            keys = [key for key in entries if key in field.keys]
            if len(keys) > 1:
                self._both(keys, entries, where)
            for key in keys[:1]:
                entry = entries[key]
                places[field.name] = self._place(entry, where)
                value = self._value(field, key, entry.value, places[field.name].path)
                if value is not None:
                    values[field.name] = value
        if kind is CreateFile and "contents" in values:
            node = entries["contents"].value
            self.values.loses_newline(node, "contents", places["contents"].path)
        flags = None
        if unless := entries.get("unless"):
            places["unless"] = self._place(unless, where)
            flags = self._unless(unless, places["unless"].path)
        values |= _stand_ins(kind, values, where)
        return kind(where=where, comments=comments, places=places, unless=flags, **values)

    def _place(self, entry: Entry, where: Where) -> Where:
        """Return the place of a key, by the name that stands there."""
        return self.document.where(entry.key, below(where.path, entry.key.value))

    def _value(self, field: Field, key: str, node: Node, path: str) -> Any:
        if field.type is Text:
            return self.values.text(node, key, path)
        if field.type is bool:
            return self.values.flag(node, key, path)
        if field.type is int:
            return self.values.number(node, key, path)
        if get_origin(field.type) is tuple:
            return self.values.texts(node, key, path)
        return self.values.pairs(node, path)

    def _unless(self, entry: Entry, path: str) -> tuple[Text, ...]:
        if isinstance(entry.value, Items):
            return self.values.texts(entry.value, "unless", path)
        return (self.values.text(entry.value, "unless", path),)

    def _both(self, keys: list[str], entries: Mapping[str, Entry], where: Where) -> None:
        first, second = keys[:2]
        what = f"{first} and {second} are two names of one key"
        self.findings.wrong(
            self._place(entries[second], where), what, f"remove {second}", code="spec-key"
        )

    def _as_meant(
        self, kind: type[SpecStep], name: str, entries: Mapping[str, Entry], where: Where
    ) -> Mapping[str, Entry]:
        """Return the entries that a step has. Report others, and those that it needs and lacks."""
        entries = {key: entry for key, entry in entries.items() if not _is_done_anyway(key, entry)}
        needed = {key for field in lacking(kind, entries) for key in field.keys}
        meant = meant_by(kind, entries)
        ignored = set()
        for key, other in meant.items():
            what, hint = f"{name} has no key {key}", f"did you mean {other}?"
            if key in NEVER:
                what, hint = NEVER[key]
            elif not other:
                hint = f"it has {', '.join(field.keys[0] for field in FIELDS[kind])} and unless"
            place = self._place(entries[key], where)
            if other in needed:  # and so vmdb2 refuses it
                self.findings.wrong(place, what, hint, code="spec-key")
            elif self.findings.lenient:
                ignored.add(key)
                self.findings.odd(
                    place, f"{what}; it is ignored, as vmdb2 does", hint, code="spec-key"
                )
            else:
                hint = f"{hint} (vmdb2 silently ignores it; with --lenient it is a warning)"
                self.findings.wrong(place, what, hint, code="spec-key")
        for field in lacking(kind, {*entries, *meant.values(), name}):
            key = field.keys[0]
            self.findings.wrong(
                where, f"{name} has no {key}, which it needs", f"add `{key}:`", code="spec-key"
            )
        return {meant.get(k) or k: entry for k, entry in entries.items() if k not in ignored}


def _is_done_anyway(key: str, entry: Entry) -> bool:
    """Return whether a key of a fork asks for what is done without it."""
    value = entry.value
    return isinstance(value, Scalar) and DONE_ANYWAY.get(key) == value.value.lower()


def _stand_ins(kind: type[SpecStep], values: Mapping[str, Any], where: Where) -> Mapping[str, Text]:
    """Return texts in place of values that are missing, or wrong and needed by others."""
    found = {}
    for field in FIELDS[kind]:
        value = values.get(field.name, Text("", where, None))
        stands_in = field.required or field.name in values
        if stands_in and isinstance(value, Text) and value.is_unknown:
            text = _STAND_INS.get(field.name, str(value))
            found[field.name] = Text(text, value.where, None)
    return found
