"""Templates, as vmdb2 fills them in, but strict: nothing undefined, nothing mangled."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from jinja2 import StrictUndefined, TemplateSyntaxError, UndefinedError, nodes
from jinja2.exceptions import SecurityError
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import SandboxedEnvironment

from vmdsl.similar import did_you_mean
from vmdsl.vmdb2.text import Variable

_MARK = re.compile(r"\{[{%#]")
_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_RAW = re.compile(r"\{%-?\s*raw\b.*?\bendraw\s*-?%\}", re.DOTALL)
_DROPPED = re.compile(r"\$\{#.*?#\}", re.DOTALL)
_SHOWN = re.compile(r"\$\{#[^}\n]*\}|\{\{.*?\}\}+|\{%.*?%\}|\{#.*?#\}")
_ALONE = re.compile(r"\s*\{\{ \w+ \}\}\s*")
_UNDEFINED = re.compile(r"'(\w+)' is undefined")
#: Further mistakes in one text are not reported.
_MOST_FAULTS = 20
#: The options of vmdb2 that are variables too, and what they are given as.
_OPTIONS = {
    "output": "--output FILE",
    "image": "--image FILE",
    "rootfs_tarball": "--rootfs-tarball FILE",
}


@dataclass(frozen=True)
class Fault:
    """A mistake at a character of a template; a warning if it is not `wrong`."""

    offset: int
    what: str
    hint: str
    wrong: bool = True


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A text with its variables filled in. `parts` is None if it has more than plain variables.

    Then `template` makes it of variables that are given.
    """

    value: str
    parts: tuple[str | Variable, ...] | None
    template: str = ""
    faults: tuple[Fault, ...] = ()


class Templates:
    """Fills in variables. `arch` is what vmdb2 gives to `{{ arch }}`: quotes and all."""

    def __init__(self, variables: Mapping[str, str], arch: str) -> None:
        self._variables = {**variables, "arch": repr(arch)}
        self._variables.pop("tags", None)
        self._environment = SandboxedEnvironment(undefined=StrictUndefined)
        del self._environment.globals["lipsum"]  # it and random differ each time
        del self._environment.filters["random"]

    def fill(self, source: str) -> Filled:
        """Return a text as vmdb2 has it, without one last newline, or its mistakes."""
        if not _MARK.search(source):
            value = re.sub(r"\r\n?", "\n", source).removesuffix("\n")
            return Filled(value=value, parts=(value,))
        readable, faults = self._readable(source)
        shown = _RAW.sub(lambda raw: " " * len(raw[0]), readable)
        value, parts, names = "", None, set[str]()
        try:
            tree = self._environment.parse(readable)
            parts = _parts(tree, self._environment.globals)
            names = find_undeclared_variables(tree)
            faults += self._faults(shown, names, parts)
        except TemplateSyntaxError:
            pass  # which is reported
        except Exception as error:  # noqa: BLE001 # such as RecursionError
            faults.append(_failed(shown, error))
        else:
            if parts is None:
                value, more = self._rendered(readable, shown)
                faults += more
        if any(fault.wrong for fault in faults):
            return Filled(value="", parts=None, faults=tuple(faults))
        if parts is not None:
            parts = tuple(self._variables["arch"] if p == Variable("arch") else p for p in parts)
            value = "".join(p if isinstance(p, str) else self._variables[p.name] for p in parts)
            return Filled(value=value, parts=parts, faults=tuple(faults))
        arch = f"{{% set arch = {self._variables['arch']!r} %}}" if "arch" in names else ""
        return Filled(value=value, parts=None, template=arch + source, faults=tuple(faults))

    def _readable(self, source: str) -> tuple[str, list[Fault]]:
        """Return a text with blanks for what Jinja2 cannot read, and the faults there."""
        faults: list[Fault] = []
        while len(faults) < _MOST_FAULTS:
            try:
                find_undeclared_variables(self._environment.parse(source))
            except TemplateSyntaxError as error:
                shown = _RAW.sub(lambda raw: " " * len(raw[0]), source)
                faults.append(_syntax(shown, error))
                start, end = _tag_at(shown, faults[-1].offset)
                if shown.startswith("{%", start):
                    break  # what begins or ends there is in other tags
                source = source[:start] + re.sub("[^\n]", " ", source[start:end]) + source[end:]
            except Exception:  # noqa: BLE001 # such as RecursionError
                break
            else:
                break
        return source, faults

    def _faults(
        self, source: str, names: set[str], parts: tuple[str | Variable, ...] | None
    ) -> Iterator[Fault]:
        yield from (_comment(source, comment.start() + 1) for comment in _DROPPED.finditer(source))
        plain = {part.name for part in parts or () if isinstance(part, Variable)}
        for name in sorted(names | plain):
            if name == "arch":
                what = f"{{{{ arch }}}} is {self._variables['arch']}, with the quotes"
                hint = "it is this machine's; for another, use a variable with another name"
                yield Fault(_place(source, name), what, hint, wrong=False)
            elif name == "tags":
                what = "{{ tags }} is something of vmdb2's own, and of no use in a text"
                yield Fault(_place(source, name), what, "give a variable of yours another name")
            elif name in plain and name not in self._variables:
                yield self._undefined(source, name)

    def _rendered(self, source: str, shown: str) -> tuple[str, list[Fault]]:
        """Return the value of a template, and everything that is wrong with it."""
        template, variables = self._environment.from_string(source), dict(self._variables)
        faults: list[Fault] = []
        while True:
            try:
                return template.render(variables), faults
            except Exception as error:  # noqa: BLE001 # what a template does may fail in any way
                found = _UNDEFINED.search(str(error))
                if not found or found[1] in variables:
                    return "", [*faults, *([] if faults else [_failed(shown, error)])]
                faults.append(self._undefined(shown, found[1]))
                variables[found[1]] = ""  # as vmdb2 has it

    def _undefined(self, source: str, name: str) -> Fault:
        offset = _place(source, name)
        what = f"no variable is named {name}; vmdb2 makes it empty"
        option = _OPTIONS.get(name)
        close = did_you_mean(name, self._variables)
        if option:
            what = f"{name} is not given; vmdb2 writes None"
            return Fault(offset, what, f"give {option}")
        start = f"{close} or give" if close else "give"
        hint = f"{start} it with --variable {name}=VALUE"
        if not _ALONE.fullmatch(source):
            hint += f"; if it is not a template, write {_raw(source, offset)}"
        return Fault(offset, what, hint)


def _failed(source: str, error: Exception) -> Fault:
    first = _MARK.search(source)
    hint = "vmdb2 fails too; change it"
    if isinstance(error, UndefinedError):
        hint = "vmdb2 makes that empty; change it"
    elif isinstance(error, SecurityError | OverflowError):
        hint = "vmdsl lets no template do that, as it has no use in one; write what it gives"
    return Fault(first.start() if first else 0, f"the template fails: {error}", hint)


def _parts(tree: nodes.Template, known: Container[str]) -> tuple[str | Variable, ...] | None:
    """Return a template's parts, if it is plain text and variables: names that are not `known`."""
    parts: list[str | Variable] = []
    for output in tree.body:
        if not isinstance(output, nodes.Output):
            return None
        for node in output.nodes:
            if isinstance(node, nodes.TemplateData):
                part: str | Variable = node.data
            elif isinstance(node, nodes.Const):
                part = str(node.value)
            elif isinstance(node, nodes.Name) and node.name not in known:
                part = Variable(node.name)
            else:
                return None
            if isinstance(part, str) and parts and isinstance(parts[-1], str):
                parts[-1] += part
            else:
                parts.append(part)
    return tuple(parts) or ("",)


def _syntax(source: str, error: TemplateSyntaxError) -> Fault:
    lines = source.splitlines(keepends=True)
    end = len("".join(lines[: error.lineno]))
    marks = [match.start() for match in _MARK.finditer(source) if match.start() < end]
    comment = next(
        (at for at in marks if source.startswith("{#", at) and "#}" not in source[at:]), -1
    )
    if comment >= 0:
        return _comment(source, comment)
    offset = marks[-1] if marks else 0
    what = f"this is not a template that Jinja2 reads: {(error.message or '').rstrip('.')}"
    hint = f"if it is not a template, write {_raw(source, offset)}"
    return Fault(offset, what, hint)


def _comment(source: str, offset: int) -> Fault:
    dollar = source[offset - 1 : offset] == "$"
    closed = "#}" in source[offset:]
    what = f"`{'$' * dollar}{{#` begins a comment of Jinja2"
    what += ", and vmdb2 drops all until `#}`" if closed else ", which vmdb2 finds no end of"
    return Fault(offset - dollar, what, f"write {_raw(source, offset - dollar)}")


def _raw(source: str, offset: int) -> str:
    """Return how to write what stands at `offset` so that it stays as it is."""
    start, end = _tag_at(source, offset)
    return f"{{% raw %}}{source[start:end]}{{% endraw %}}"


def _tag_at(source: str, offset: int) -> tuple[int, int]:
    """Return the span of what Jinja2 takes for a tag."""
    tags = (tag.span() for tag in _SHOWN.finditer(source) if tag.start() <= offset < tag.end())
    return next(tags, (offset, offset + 2))


def _place(source: str, name: str) -> int:
    """Return where a variable stands in a template."""
    word = re.compile(rf"(?<![\w.'\"]){re.escape(name)}\b")
    for tag in _TAG.finditer(source):
        found = word.search(source, tag.start(), tag.end())
        if found:
            return found.start()
    return 0
