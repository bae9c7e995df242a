"""From mappings to steps: which step it is, and what its keys are."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_origin

from vmdsl.errors import Where
from vmdsl.vmdb2.reading.fields import FIELDS, STEP_BY_KEY, Field
from vmdsl.vmdb2.reading.findings import Findings
from vmdsl.vmdb2.reading.gone import GONE, NEVER
from vmdsl.vmdb2.reading.mappings import Mappings
from vmdsl.vmdb2.reading.nodes import Document, Entry, Items, Node, Pairs, Scalar, below
from vmdsl.vmdb2.reading.values import Values
from vmdsl.vmdb2.schema import STEPS, CreateFile, SpecStep
from vmdsl.vmdb2.text import Text

#: What stands in for a system's values that are missing, so that what needs it makes sense.
_STAND_INS = {"debootstrap": "stable", "mirror": "http://mirror.example/debian"}

#: Keys of steps that name none.
_INNER = {key for found in FIELDS.values() for field in found[1:] for key in field.keys}


@dataclass(kw_only=True)
class Steps:
    """Makes steps of mappings. What is wrong is added to `findings`."""

    document: Document
    values: Values
    mappings: Mappings
    findings: Findings

    def step(self, item: Node, path: str, comments: tuple[str, ...]) -> SpecStep | None:
        """The step that an element of `steps` is, or None if it can't be told."""
        where = self.document.where(item, path)
        if not isinstance(item, Pairs) or item.tag != "map" or not item.pairs:
            self._no_mapping(item, where)
            return None
        entries = self.mappings.entries(item, path)
        if not entries and all(isinstance(k, Scalar) and k.tag == "merge" for k, _ in item.pairs):
            self._no_mapping(item, where)
        if entries and not any(key in STEP_BY_KEY for key in entries):
            entries = self._corrected(entries, where)
        kind = self._kind(entries, where) if entries else None
        if kind is None:
            return None
        name = next(key for key in FIELDS[kind][0].keys if key in entries)
        return self._filled(kind, name, entries, where, comments)

    def _no_mapping(self, item: Node, where: Where) -> None:
        hint = "a step is a mapping, such as `mount: root`"
        if isinstance(item, Scalar) and item.value in STEP_BY_KEY:
            hint = f"it lacks a colon and a value: {item.value}: ..."
        empty = isinstance(item, Pairs) or (isinstance(item, Scalar) and item.tag == "null")
        what = "this step is empty" if empty else "this is no step"
        self.findings.wrong(where, what, hint)

    def _kind(self, entries: Mapping[str, Entry], where: Where) -> type[SpecStep] | None:
        """The one step that keys are of."""
        named = {step: key for key, step in STEP_BY_KEY.items() if key in entries}
        for step, key in list(named.items()):
            others = [other for other in named if other is not step]
            inner = any(key in field.keys for other in others for field in FIELDS[other][1:])
            if inner and not _complete(step, entries):
                del named[step]
        if len(named) == 1:
            return next(iter(named))
        if named:
            first, second = sorted(named.values(), key=list(entries).index)[:2]
            place = self.document.where(entries[second].key, below(where.path, second))
            what = f"{first} and {second} are two steps, and this is one mapping"
            hint = f"vmdb2 runs one by accident; write `- {second}:` as a step of its own"
            self.findings.wrong(place, what, hint)
        return None

    def _corrected(self, entries: Mapping[str, Entry], where: Where) -> Mapping[str, Entry]:
        """The entries of an unknown step, as those of the step that was probably meant, if any."""
        meant: dict[str, str] = {}
        for key in sorted(entries, key=lambda key: key not in GONE):
            close = difflib.get_close_matches(key, STEP_BY_KEY, n=1, cutoff=0.7)
            if key in GONE:
                what, hint = GONE[key]
                break
            if close and key not in _INNER:
                what, hint = f"there is no step {key}", f"did you mean {close[0]}?"
                meant = {key: close[0]}
                break
        else:
            key = next(iter(entries))
            what = f"no key of this step names one that vmdb2 has: {', '.join(entries)}"
            hint = f"the steps are {', '.join(FIELDS[step][0].keys[0] for step in STEPS)}"
        self.findings.wrong(self.document.where(entries[key].key, where.path), what, hint)
        return {meant.get(key, key): entry for key, entry in entries.items()} if meant else {}

    def _filled(
        self,
        kind: type[SpecStep],
        name: str,
        entries: Mapping[str, Entry],
        where: Where,
        comments: tuple[str, ...],
    ) -> SpecStep:
        values: dict[str, Any] = {}
        places: dict[str, Where] = {}
        rest = dict(entries)
        unless = rest.pop("unless", None)
        given: dict[str, str] = {}
        for field in FIELDS[kind]:
            keys = [key for key in field.keys if key in rest]
            if len(keys) > 1:
                self._both(keys, rest, where)
            for key in keys:
                entry = rest.pop(key)
                if field.name in given:
                    continue
                given[field.name] = key
                places[field.name] = self.document.where(entry.key, below(where.path, key))
                value = self._value(field, key, entry.value, below(where.path, key))
                if value is not None:
                    values[field.name] = value
        self._unknown_and_missing(kind, name, rest, where, given)
        if kind is CreateFile and "contents" in values:
            node = entries["contents"].value
            self.values.loses_newline(node, "contents", places["contents"].path)
        flags = None
        if unless:
            places["unless"] = self.document.where(unless.key, below(where.path, "unless"))
            flags = self._unless(unless, places["unless"].path)
        for field in FIELDS[kind]:
            if field.required and field.name not in values:
                values[field.name] = Text(_STAND_INS.get(field.name, ""), where)
                self.findings.incomplete.add(where.path)
        ignored = {
            key: self.document.where(entry.key, below(where.path, key))
            for key, entry in rest.items()
        }
        return kind(
            where=where, comments=comments, places=places, ignored=ignored, unless=flags, **values
        )

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

    def _unless(self, entry: Entry, path: str) -> tuple[Text, ...] | None:
        if isinstance(entry.value, Items):
            return self.values.texts(entry.value, "unless", path)
        text = self.values.text(entry.value, "unless", path)
        return None if text is None else (text,)

    def _both(self, keys: list[str], entries: Mapping[str, Entry], where: Where) -> None:
        first, second = sorted(keys, key=list(entries).index)[:2]
        place = self.document.where(entries[second].key, below(where.path, second))
        what = f"{first} and {second} are two names of one key"
        self.findings.wrong(place, what, f"remove {keys[-1]}")

    def _unknown_and_missing(
        self,
        kind: type[SpecStep],
        name: str,
        rest: Mapping[str, Entry],
        where: Where,
        given: Mapping[str, str],
    ) -> None:
        """One mistake is told once: a misspelt key isn't missing, too."""
        meant = set(self._unknown(kind, name, rest, where, given))
        for field in FIELDS[kind]:
            if field.required and field.name not in given and not meant & set(field.keys):
                key = field.keys[0]
                self.findings.wrong(where, f"{name} has no {key}, which it needs", f"add `{key}:`")

    def _unknown(
        self,
        kind: type[SpecStep],
        name: str,
        rest: Mapping[str, Entry],
        where: Where,
        given: Mapping[str, str],
    ) -> Iterator[str]:
        """Tell of keys that the step doesn't have. Yields the keys that were probably meant."""
        free = [key for f in FIELDS[kind] if f.name not in given for key in f.keys]
        for key, entry in rest.items():
            close = difflib.get_close_matches(key, [*free, "unless"], n=1, cutoff=0.6)
            if key in NEVER:
                what, hint = NEVER[key]
            elif close:
                what, hint = f"{name} has no key {key}", f"did you mean {close[0]}?"
                if not self.findings.lenient:
                    yield close[0]
            else:
                known = [f.keys[0] for f in FIELDS[kind]]
                what = f"{name} has no key {key}"
                hint = f"it has {', '.join(known)} and unless"
            place = self.document.where(entry.key, below(where.path, key))
            if self.findings.lenient:
                what = f"{what}; it is ignored, as vmdb2 does"
                self.findings.odd(place, what, hint)
            else:
                hint = f"{hint} (vmdb2 silently ignores it; with --lenient it is a warning)"
                self.findings.wrong(place, what, hint)


def _complete(step: type[SpecStep], entries: Mapping[str, Entry]) -> bool:
    """Whether all keys that a step needs are there."""
    return all(
        any(key in entries for key in field.keys) for field in FIELDS[step] if field.required
    )
