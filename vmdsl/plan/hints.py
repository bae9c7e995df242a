"""Hints for mypy's messages, in terms of recipes."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from enum import EnumType
from importlib.util import find_spec
from pkgutil import iter_modules

import vmdsl
import vmdsl_stdlib
from vmdsl.plan.call_hints import (
    ROWS,
    choices,
    condition,
    flags,
    left_out,
    operands,
    secret,
    starred,
    texts,
    too_few,
    too_many,
    too_many_plain,
    uncalled,
    unexpected,
    words,
)
from vmdsl.plan.handle_hints import made_of, mounted, of_btrfs, other_kind
from vmdsl.similar import closest, did_you_mean

_OWN = r"(?:Flag|Condition|Option\[.*\]|Step\[.*\])"
_ALWAYS_TRUE = "which does not implement __bool__"
#: The code of all messages that no other code is about.
OF_MYPY = "type-check"
#: The codes of messages that have no hint, by mypy's own.
_CODES = {
    "arg-type": "wrong-type",
    "attr-defined": "unknown-name",
    "call-arg": "wrong-argument",
    "import-not-found": "import",
    "import-untyped": "import",
    "name-defined": "unknown-name",
    "no-redef": "name-twice",
    "no-untyped-def": "return-type",
    "return": "return-type",
    "return-value": "return-type",
    "syntax": "syntax",
    "type-arg": "return-type",
    "truthy-bool": "call-it",
    "truthy-function": "call-it",
    "union-attr": "unknown-name",
    "valid-type": "return-type",
    "type-var": "wrong-type",
}
#: The first pattern that fits gives the hint and the code; {text} is the code that is meant.
_HINTS = (
    *ROWS,
    (
        rf'"Fact" {_ALWAYS_TRUE}',
        "it is known only while building: pass it as unless=",
        "fact-in-if",
    ),
    (
        rf'"(Flag|Condition)" {_ALWAYS_TRUE}',
        "call it: {text}(); for step_if(), combine flags with & | ~",
        "call-it",
    ),
    (
        rf'"{_OWN}" {_ALWAYS_TRUE}',
        "call it: {text}()",
        "call-it",
    ),
    (
        r'"unless" to .* expected "Fact \| None"',
        "unless= is decided while building, as path_exists() is; what is known now is for @step_if",
        "unless",
    ),
    (
        rf'incompatible type "{_OWN}"; expected "(?!Callable|Condition)',
        "call it: {text}()",
        "call-it",
    ),
    (
        r'"step_if" .*"Callable.*; expected "Condition"',
        "write @step, or give it a flag",
        "decorator",
    ),
    (
        r'"create_file" .* "(Posix)?Path"; expected',
        "copy_file() takes the path of a local file",
        "wrong-type",
    ),
    (
        r"already defined \(possibly by an import\)",
        "it is a function of vmdsl: rename this",
        "name-twice",
    ),
    (
        r'; expected "Condition"',
        "give it the flag itself, as in step_if(uefi); combine flags with & | ~",
        "step-condition",
    ),
    (
        r'(incompatible type|\(got) "[^"]+ \| None"[;,] expected|Item "None" of',
        "it may be None: first ask `if (it := {text}) is not None:`",
        "maybe-none",
    ),
    (
        r'incompatible type "str"; expected "(Mounted\[Any\] \| )?RootFs"',
        "begin with the system: system()",
        "wrong-handle",
    ),
    (
        r'incompatible type "(int|float|str)"; expected "Size',
        "write a size: MiB(512), GiB(4)",
        "plain-number",
    ),
    (
        r'"VolumeGroup"; expected "Partition',
        "make a volume in it: mklv({text}, size=GiB(1))",
        "wrong-handle",
    ),
    (r'incompatible type "str"; expected "Arch"', "write Arch.AMD64 and the like", "wrong-type"),
    (
        r'incompatible type "str"; expected "Board"',
        "write Board.ROCK64 and the like",
        "wrong-type",
    ),
    (
        r'to "apt" .* "list\[str\]"; expected "str"',
        "name them one by one, without a list",
        "text-for-list",
    ),
    (
        r'"Subvolume" has no attribute "(device|label|uuid|options|kind)"',
        "its filesystem has that: the filesystem of a Mounted[Subvolume] is source.filesystem",
        "unknown-name",
    ),
    (r'expected "RootFs"', "this needs a system: give what debootstrap() returned", "wrong-handle"),
    (
        r'to "mkswapfile" has .* "Mounted\[.*\]"; expected',
        "ext and XFS have swap files: elsewhere, make a partition swap space, with mkswap()",
        "wrong-handle",
    ),
    (r'expected "Mounted\[Vfat\]"', "firmware reads FAT alone: use mkvfat", "wrong-handle"),
    (
        r'of "mount" cannot be "[^"]+ \| None"',
        "it may be None: first ask `if (it := step()) is not None:`",
        "maybe-none",
    ),
    (
        r'of "mount" cannot be "Swap"',
        "swap is mounted nowhere: fstab() writes a line for it by itself",
        "wrong-handle",
    ),
    (
        r'of "mount" cannot be',
        "mount() takes a filesystem: mkext4(), mkvfat() or their like",
        "wrong-handle",
    ),
    (
        r'of "option" cannot be',
        "an option is a Size, a Suite, a StrEnum, a str or an int; on or off is a flag",
        "option",
    ),
    (
        r"missing a return type annotation",
        "say what it returns, as in `-> Disk:`, or `-> None:`, so that it can be checked",
        "return-type",
    ),
    (
        r'Argument 1 .*"Callable\[\[.+\], .*"; expected "Callable\[\[\],',
        "a step has no parameters: it calls the options and the steps above it for what it needs",
        "step-parameters",
    ),
    (r'in call to "step"', "write @step, without ()", "decorator"),
    (
        r'positional arguments for "(?:Disk|Partition|Mounted|LogicalVolume|VolumeGroup)"',
        "call the function that makes it: mkimg(), mkpart(), mount(), mklv() or mkvg()",
        "hand-made-handle",
    ),
    (r"Too many positional arguments", "name the values: key=…", "wrong-argument"),
    (
        r'incompatible type "RootFs"; expected "Mounted',
        "this needs a filesystem that is mounted: give what mount() returned",
        "wrong-handle",
    ),
    (
        r'Unsupported operand types for .*"str" and "Size"',
        "write a size there too, such as GiB(2), also for an option",
        "plain-number",
    ),
    (r"^The return type of a generator function", "leave out yield", "never-runs"),
    (r"^No parent module", "a recipe is not in a package: write it without the dot", "import"),
    (r"Missing return statement", "return what it makes, or write -> None:", "return-type"),
    (
        r'type arguments for generic type "Mounted"',
        "name its filesystem: Mounted[Ext4]",
        "return-type",
    ),
    (r'module named "\.', "a recipe is not in a package: write it without the dot", "import"),
    (r"module named .* \[import-not-found\]", "is it installed where vmdsl is?", "import"),
)
_NAME = re.compile(r'Name "(\w+)" is not defined')
_EXPORT = re.compile(r'Module "(vmdsl|vmdsl_stdlib)" has no attribute "(\w+)"')
_LITERAL = re.compile(r'''incompatible type "([^"]*Literal\[[^"]*)"; expected "(.*Literal\[.*)"''')
_MODULE = re.compile(r'module named "(\w[\w.]*)"')
_MEMBER = re.compile(r'"type\[(\w+)\]" has no attribute "(\w+)"')
_OTHERS = re.compile(r"""type "(?:bool|int|Literal\[(?!').*\])"; expected "Literal\[([^\]]*)\]""")
_KEYWORD = re.compile(r'Unexpected keyword argument "(\w+)" for "(\w+)"')
_RETURNS = re.compile(r'return value type \(got "([^"|]+)", expected "([^"|]+)"\)')
_KIND = re.compile(r'to "mount" has incompatible type "(\w+)"; expected "(\w+)"')
_HANDLE = re.compile(
    r'to "(\w+)" has incompatible type "(\w+)(?:\[\w+\])?"; expected "(\w+)(\[Vfat\])?'
)
_UNTYPED = re.compile(r'"([\w.]+)".*\[import-untyped\]')
_OPTION = re.compile(r'incompatible type "(?:int|str)"; expected "Size')
_USED_AS_VALUE = re.compile(
    rf'operand.*"{_OWN}"|"{_OWN}" has no attribute|container check .*"{_OWN}"|'
    rf'Invalid index type "{_OWN}"|'
    r'argument types? "(?:.*", ")?(?:Flag|Option\[.*\]|Step\[.*\])"'
)
#: An argument of a function that takes values of many types, as sorted() does.
AS_VALUES = re.compile(
    r'^Value of type variable "\w+" of "(?!mount")\w+" cannot be "(?:Flag|Option\[|Step\[)|'
    r"^No overload variant of .* matches argument types? .*\b(?:Flag|Option\[|Step\[)"
)


#: So many names are shown if none is alike.
_FEW = 8


@dataclass(frozen=True, kw_only=True)
class Reworded:
    """A hint at the remedy for a message of mypy, or "", and the code of that kind of mistake."""

    hint: str
    code: str


def reworded(
    message: str, text: str, names: Collection[str] = (), declared: Collection[str] = ()
) -> Reworded:
    """Return hint and code for a message with mypy's code.

    `text` is the code that it is about, and `names` are those that the recipe itself gives;
    `declared` are those of its options and steps.
    """
    by_mypy = re.search(r"\[([\w-]+)\]$", message)
    code = _CODES.get(by_mypy[1] if by_mypy else "", OF_MYPY)
    if "did you mean" in message or "maybe" in message:
        return Reworded(hint="", code=code)
    undefined = _NAME.search(message)
    if undefined and (close := closest(undefined[1], names)):
        return Reworded(hint=f"did you mean {close}?", code=code)
    if AS_VALUES.search(message) and (found := operands(text, declared)):
        calls = ", ".join(f"{name}()" for name in found)
        return Reworded(hint=f"call {'them' if len(found) > 1 else 'it'}: {calls}", code="call-it")
    for search, answer, own in _SEARCHES:
        match = search.search(message)
        if match and (hint := answer(text, *match.groups())):
            return Reworded(hint=hint, code=own)
    text = text.rpartition(".")[0] if message.startswith('Item "None" of') else text
    for pattern, hint, own in _HINTS:
        if re.search(pattern, message) and (text or "{text}" not in hint):
            return Reworded(hint=hint.format(text=text), code=own)
    return Reworded(hint="", code=code)


def codes() -> frozenset[str]:
    """Return the codes that mypy's messages get."""
    return frozenset({OF_MYPY, *_CODES.values(), *(row[-1] for row in (*_SEARCHES, *_HINTS))})


def _names(_: str, name: str) -> str:
    if name in sys.stdlib_module_names:
        return f"import it: import {name}"
    for package in (vmdsl, vmdsl_stdlib):
        if name in package.__all__:
            return f"import it: from {package.__name__} import {name}"
    return did_you_mean(name, (*vmdsl.__all__, *vmdsl_stdlib.__all__))


def _exports(_: str, module: str, name: str) -> str:
    own, other = "vmdsl", "vmdsl_stdlib"
    if module == other:
        own, other = other, own
    known = {"vmdsl": vmdsl.__all__, "vmdsl_stdlib": vmdsl_stdlib.__all__}
    if name in known[other]:
        return f"write: from {other} import {name}"
    return did_you_mean(name, known[own]) or did_you_mean(name, known[other])


def _module(_: str, module: str) -> str:
    known = [f"vmdsl_stdlib.{one.name}" for one in iter_modules(vmdsl_stdlib.__path__)]
    return did_you_mean(module, ["vmdsl", "vmdsl_stdlib", *known])


def _member(_: str, kind: str, name: str) -> str:
    found = getattr(vmdsl, kind, None)
    members = list(found.__members__) if isinstance(found, EnumType) else vars(found or object)
    known = [one for one in members if not one.startswith("_")]
    return did_you_mean(name, known, f"{kind}.{{}}") or _there_are(known, kind)


def _there_are(names: Collection[str], kind: str) -> str:
    words = ", ".join(f"{kind}.{one}" for one in names)
    return f"there are {words}" if 0 < len(names) <= _FEW else ""


def _annotation(_: str, got: str, said: str) -> str:
    return f"it returns {got}, not {said}: write -> {got}:"


def _untyped(_: str, module: str) -> str:
    if find_spec(module.partition(".")[0]) is None:
        return "it is not installed where vmdsl is"
    return "its authors have to add types and a file py.typed"


def _unannotated(text: str) -> str:
    with suppress(SyntaxError):
        for node in ast.parse(text).body:
            if isinstance(node, ast.Return) and (kind := _type_of(node.value)):
                return f"it returns {kind}: write -> {kind}:"
    return "write what it returns, as in -> Disk:, or return nothing"


def _type_of(node: ast.expr | None) -> str:
    """Return the type of a call of a function of vmdsl, in words of a recipe, or ""."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return ""
    function = getattr(vmdsl, node.func.id, None)
    kind = str(getattr(function, "__annotations__", {}).get("return", ""))
    if "[_" in kind:  # a type variable: that of the first argument
        inner = _type_of(node.args[0]) if node.args else ""
        return kind.partition("[")[0] + f"[{inner}]" if inner else ""
    return kind


def _text_option(text: str) -> str:
    """Return a hint for an option that is a text or a number where a size is wanted."""
    return f"if {text[:-2]} is an option, write option(GiB(4), …)" if text.endswith("()") else ""


def _handle_class(_: str, name: str) -> str:
    maker = f"mk{name.lower()}"
    return f"call the function that makes it: {maker}()" if hasattr(vmdsl, maker) else ""


_SEARCHES: tuple[tuple[re.Pattern[str], Callable[..., str], str], ...] = (
    (_KEYWORD, unexpected, "wrong-argument"),
    (_NAME, _names, "unknown-name"),
    (_EXPORT, _exports, "unknown-name"),
    (_MODULE, _module, "import"),
    (_MEMBER, _member, "unknown-name"),
    (re.compile(r'to "Secret"'), secret, "secret"),
    (
        re.compile(r'^Argument "(\w+)" to .* type "None"; expected "(?:int|bool|Literal)'),
        left_out,
        "wrong-type",
    ),
    (_LITERAL, words, "unknown-value"),
    (_OTHERS, choices, "unknown-value"),
    (re.compile(r'^Argument "flags" to "mkpart" has .* "str"'), flags, "text-for-list"),
    (re.compile(r'type "str"; expected "tuple\[str, \.\.\.\]"'), texts, "text-for-list"),
    (_RETURNS, _annotation, "return-type"),
    (re.compile(r'positional arguments for "(\w+)"'), _handle_class, "hand-made-handle"),
    (re.compile(r'^Too many positional arguments for "(\w+)"'), too_many, "wrong-argument"),
    (re.compile(r'^Too many arguments for "(\w+)"'), too_many_plain, "wrong-argument"),
    (re.compile(r'^Missing .*arguments? .*in call to "((?!step)\w+)"'), too_few, "wrong-argument"),
    (_OPTION, _text_option, "plain-number"),
    (_KIND, other_kind, "return-type"),
    (re.compile(r'to "subvolume" has .* "(\w+).*"; expected "Btrfs'), of_btrfs, "wrong-handle"),
    (_HANDLE, made_of, "wrong-handle"),
    (re.compile(r'of "mount" cannot be "(\w+)"'), mounted, "wrong-handle"),
    (_UNTYPED, _untyped, "import"),
    (re.compile('; expected "Condition"'), condition, "step-condition"),
    (_USED_AS_VALUE, uncalled, "call-it"),
    (re.compile("^Expected iterable as variadic argument"), starred, "call-it"),
    (re.compile("No return value expected"), _unannotated, "return-type"),
)
