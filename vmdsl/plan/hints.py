"""What to do about a message of mypy, in a recipe's terms."""

from __future__ import annotations

import difflib
import inspect
import re

import vmdsl

_OWN = r"(?:Flag|Condition|Option\[.*\]|Step\[.*\])"
#: The first pattern that fits gives the hint; {text} is the piece of the recipe that is meant.
_HINTS = (
    (r'has type "Fact" which does not', "known only while building: pass it as unless="),
    (
        rf'has type "{_OWN}" which does not',
        "this asks whether there is such a thing: call it, {text}()",
    ),
    (rf'incompatible type "{_OWN}"; expected "(?!Callable|Condition)', "call it: {text}()"),
    (r'incompatible type .*; expected "Condition"', "give a flag, not its value: step_if(uefi)"),
    (
        r'(incompatible type|\(got) "[^"]+ \| None"[;,] expected|Item "None" of',
        "it is None where its step does not run: first ask `if (it := {text}) is not None:`",
    ),
    (r'incompatible type "(int|float|str)"; expected "Size', "write a size: MiB(512), GiB(4)"),
    (r'incompatible type "str"; expected "Arch"', "write Arch.AMD64 and the like"),
    (r'incompatible type "list\[str\]"; expected "str"', "name them one by one, without a list"),
    (
        r'"unless" to .* expected "Fact \| None"',
        "unless= is decided while building, as path_exists() is; what is known now is for @step_if",
    ),
    (r'expected "RootFs"', "this needs a system: give what debootstrap() returned"),
    (r'"Mounted\[.*\]"; expected "Mounted\[Vfat\]"', "firmware reads FAT alone: use mkvfat"),
    (r'expected "Mounted\[.*\]"', "mount it first, as in mount(mkext4(partition))"),
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
    (r"module named .* \[import-not-found\]", "is it installed where vmdsl is?"),
    (r"\[import-untyped\]", "its authors have to add types and a file py.typed"),
)
_KEYWORD = re.compile(r'Unexpected keyword argument "(\w+)" for "(\w+)"')


def hint_for(message: str, text: str) -> str:
    """A hint for a message with its code, or nothing. `text` is the code that it is about."""
    keyword = _KEYWORD.search(message)
    if keyword and "did you mean" not in message:
        return _keywords(*keyword.groups())
    for pattern, hint in _HINTS:
        if re.search(pattern, message) and (text or "{text}" not in hint):
            return hint.format(text=text)
    return ""


def _keywords(wrong: str, function: str) -> str:
    called = getattr(vmdsl, function, None)
    if called is None or not callable(called):
        return ""
    names = list(inspect.signature(called).parameters)
    close = difflib.get_close_matches(wrong, names, n=1)
    return f"did you mean {close[0]}=?" if close else f"{function} takes {', '.join(names)}"
