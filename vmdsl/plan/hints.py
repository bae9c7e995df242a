"""Hints for mypy's messages, in terms of recipes."""

from __future__ import annotations

import inspect
import re

import vmdsl
from vmdsl.similar import did_you_mean

_OWN = r"(?:Flag|Condition|Option\[.*\]|Step\[.*\])"
_ALWAYS_TRUE = "which does not implement __bool__"
#: The first pattern that fits gives the hint; {text} is the piece of the recipe that is meant.
_HINTS = (
    (rf'"Fact" {_ALWAYS_TRUE}', "it is known only while building: pass it as unless="),
    (
        rf'"(Flag|Condition)" {_ALWAYS_TRUE}',
        "call it: {text}(); for step_if(), combine flags with & | ~",
    ),
    (
        rf'"{_OWN}" {_ALWAYS_TRUE}',
        "call it: {text}()",
    ),
    (
        r'"unless" to .* expected "Fact \| None"',
        "unless= is decided while building, as path_exists() is; what is known now is for @step_if",
    ),
    (rf'incompatible type "{_OWN}"; expected "(?!Callable|Condition)', "call it: {text}()"),
    (r'"step_if" .*"Callable.*; expected "Condition"', "write @step, or give it a flag"),
    (
        r'; expected "Condition"',
        "give it the flag itself, as in step_if(uefi); combine flags with & | ~",
    ),
    (
        r'(incompatible type|\(got) "[^"]+ \| None"[;,] expected|Item "None" of',
        "it is None where its step does not run: first ask `if (it := {text}) is not None:`",
    ),
    (r'incompatible type "(int|float|str)"; expected "Size', "write a size: MiB(512), GiB(4)"),
    (r'"VolumeGroup"; expected "Partition', "make a volume in it: mklv({text}, size=GiB(1))"),
    (r'incompatible type "str"; expected "Secret"', 'say where it is: Secret.from_file("key")'),
    (r'incompatible type "str"; expected "Arch"', "write Arch.AMD64 and the like"),
    (r'to "apt" .* "list\[str\]"; expected "str"', "name them one by one, without a list"),
    (r'Argument "flags" .* "str"; expected', 'write flags=("boot",)'),
    (r'expected "RootFs"', "this needs a system: give what debootstrap() returned"),
    (r'"Mounted\[.*\]"; expected "Mounted\[Vfat\]"', "firmware reads FAT alone: use mkvfat"),
    (r'expected "Mounted\[Vfat\]"', 'mount it first: mount({text}, "/boot/efi", on=root())'),
    (r'expected "Mounted\[.*\]"', "mount it first: mount({text})"),
    (
        r'of "mount" cannot be "Swap"',
        "swap is mounted nowhere: fstab() writes a line for it by itself",
    ),
    (r'of "mount" cannot be', "mount() takes a filesystem: mkext4(), mkvfat() or their like"),
    (
        r'of "option" cannot be',
        "an option is a Size, a Suite, a StrEnum, a str or an int; on or off is a flag",
    ),
    (
        r"missing a return type annotation",
        "say what it returns, as in `-> Disk:`, or `-> None:`, so that it can be checked",
    ),
    (
        r'Argument 1 .*"Callable\[\[.+\], .*"; expected "Callable\[\[\],',
        "a step has no parameters: it calls the options and the steps above it for what it needs",
    ),
    (r'in call to "step"', "write @step, without ()"),
    (r"Too many positional arguments", "name the values: key=…"),
    (r"module named .* \[import-not-found\]", "is it installed where vmdsl is?"),
    (r"\[import-untyped\]", "its authors have to add types and a file py.typed"),
)
_NAME = re.compile(r'Name "(\w+)" is not defined')
_EXPORT = re.compile(r'Module "vmdsl" has no attribute "(\w+)"')
_LITERAL = re.compile(r"""incompatible type "Literal\['(.*)'\].*"; expected "Literal\[(.*)\]""")
_KEYWORD = re.compile(r'Unexpected keyword argument "(\w+)" for "(\w+)"')


def hint_for(message: str, text: str) -> str:
    """Return a hint for a message with its code, or "". `text` is the code that it is about."""
    if "did you mean" in message or "maybe" in message:
        return ""
    for search, answer in _SEARCHES:
        match = search.search(message)
        if match:
            return answer(*match.groups())
    text = text.rpartition(".")[0] if message.startswith('Item "None" of') else text
    for pattern, hint in _HINTS:
        if re.search(pattern, message) and (text or "{text}" not in hint):
            return hint.format(text=text)
    return ""


def _keywords(wrong: str, function: str) -> str:
    called = getattr(vmdsl, function, None)
    if called is None:
        return "put @dataclass(frozen=True, kw_only=True) above it" if function[0].isupper() else ""
    names = list(inspect.signature(called).parameters)
    return did_you_mean(wrong, names, "{}=") or f"{function} takes {', '.join(names)}"


def _names(name: str) -> str:
    if name in vmdsl.__all__:
        return f"import it: from vmdsl import {name}"
    return _exports(name)


def _exports(name: str) -> str:
    return did_you_mean(name, vmdsl.__all__)


def _choices(wrong: str, choices: str) -> str:
    return did_you_mean(wrong, re.findall("'(.*?)'", choices), "'{}'")


_SEARCHES = (
    (_KEYWORD, _keywords),
    (_NAME, _names),
    (_EXPORT, _exports),
    (_LITERAL, _choices),
)
