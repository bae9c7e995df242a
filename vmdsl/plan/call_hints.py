"""Hints for calls with too many, too few or misnamed arguments, from the function's signature."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Collection
from contextlib import suppress
from inspect import Parameter
from typing import Any, get_args
from uuid import UUID

import vmdsl
import vmdsl_stdlib
from vmdsl.language.operation import NeverText
from vmdsl.language.partition_types import PartitionFlag, PartitionType
from vmdsl.similar import did_you_mean

#: So many names are enough to show how arguments are named.
_FEW = 3
_PLAIN = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)

_HANDLES = r"RootFs|Disk|Gpt|Msdos|Extended|Partition|Mounted\[.*\]|Swap|Vfat|Ext\d|Xfs|Btrfs|F2fs"

#: Arguments for volumes of LVM that are neither linear nor striped.
_NOT_LINEAR = re.compile(r"mirrors?|raid\w*|thin\w*|cache\w*|type")

#: Rows as in `hints.py`, which come before those there: arguments of another type.
ROWS = (
    (
        r'incompatible type "str"; expected "Secret(?: \| None)?"',
        'say where it is: Secret.from_file("key")',
        "secret",
    ),
    (
        r'"size" to "\w+" has incompatible type "Percent"',
        "a size is exact: MiB(512); end={text} is a place on the disk",
        "wrong-type",
    ),
    (r'incompatible type "float"; expected "int', "write a whole number", "wrong-type"),
    (
        r'incompatible type "(?!Flag|Condition)\w+"; expected "bool',
        "write True or False",
        "wrong-type",
    ),
    (
        r'to "ansible" has incompatible type "list\[',
        "call it once for each playbook",
        "wrong-type",
    ),
    (
        r'incompatible type "str"; expected "bytes \| Path',
        "for a file of this machine, write Path({text})",
        "wrong-type",
    ),
    (r'to "apt(?:_remove)?" .* "(?:tuple|set)\[', "put a star before it: *{text}", "text-for-list"),
    (
        r'"on" to "mount" has .* "str"',
        "give the handle of what is there: on=root()",
        "wrong-handle",
    ),
    (
        r'"(?:start|end)" to "mkpart" has .* "str"',
        "write Percent(50), or a size from the disk's start: MiB(512)",
        "plain-number",
    ),
    (
        r'to "preseed" has .* "dict\[',
        'write a line for each answer: "tzdata tzdata/Areas select Europe"',
        "wrong-type",
    ),
    (
        r'"ssh_keys" to "add_user" .* "(?:Posix)?Path"',
        "it is the text of the keys: {text}.read_text()",
        "wrong-type",
    ),
    (
        r'"ssh_keys" to "add_user"',
        "write the text of the public keys, each in a line",
        "wrong-type",
    ),
    (
        r'"create_file" .* "dict\[',
        "write its text, such as json.dumps({text}, indent=2)",
        "wrong-type",
    ),
    (
        r'type arguments for generic type "(?:Step|Option|Flag)"',
        "write the type of the result, as in -> RootFs:",
        "return-type",
    ),
    (r'"None"; expected "str', 'an empty text is ""', "wrong-type"),
    (
        r"does not return a value",
        "call it in a line of its own: its work is done when the image is built",
        "wrong-type",
    ),
    (r'named "vmdsl\.(?:stdlib|vmdsl_stdlib)', "the library is vmdsl_stdlib", "import"),
    (
        r"^Function is missing a type annotation",
        "say what it takes and returns: def f(system: RootFs) -> None:",
        "return-type",
    ),
    (
        r'to "(?:chroot|host_shell|image_shell)" has incompatible type "list\[str\]"',
        'write it as in a shell, in one text: "systemctl enable ssh"',
        "wrong-type",
    ),
    (
        r'to "(?!apt)\w+" has incompatible type "list\[str\]"; expected "str',
        "write one text, in which each line ends with \\n",
        "wrong-type",
    ),
    (
        r'"(?:mode|umask|parents)" .* "str"; expected "int',
        "write it in octal, such as 0o755",
        "wrong-type",
    ),
    (r'incompatible type "str"; expected "int', "write a number, without quotes", "wrong-type"),
    (
        r'to "[kKMGT]i?B" has incompatible type "str"',
        'write a number, as in GiB(4); Size.parse("4G") reads a text',
        "plain-number",
    ),
    (
        r'Unsupported operand types for .*"Callable\[\[float\], Size\]"',
        "call the unit with the number, as in GiB(4)",
        "plain-number",
    ),
    (
        r'Unsupported operand types for (?:/|//|%) \("Size"',
        "a size is not divided: write the one that is meant, such as MiB(512)",
        "plain-number",
    ),
    (
        r'Unsupported operand types for \* \("Size" and "float"',
        "multiply it by a whole number",
        "plain-number",
    ),
    (
        r'Unsupported operand types for .*"Size" and "(?:int|float|str)"',
        "write a size there too, such as GiB(2)",
        "plain-number",
    ),
    (r'equality check .*"Suite"', 'compare its name, as in suite().name == "trixie"', "wrong-type"),
    (r'^"mkimg" gets multiple', "an image gets its name when it is built", "wrong-argument"),
    (
        r'expected "Source"',
        'write Source(name="more", uris=["http://mirror.example/debian"], suites=["trixie"])',
        "wrong-type",
    ),
    (
        rf'^"(?:{_HANDLES})" has no attribute',
        "handles are given to functions, such as mkpart(table()) and chroot(system(), …)",
        "unknown-name",
    ),
)


def left_out(_: str, name: str) -> str:
    """Return a hint for an argument that is None where its default is meant."""
    return f"leave out {name}= for the default"


def secret(_: str) -> str:
    """Return a hint for a secret that is made by calling its class."""
    return 'say where it is: Secret.from_file("key"), or Secret.from_environment("KEY")'


def choices(_: str, wanted: str) -> str:
    """Return a hint for a value that is not even a text, where one of a few texts is wanted."""
    return f"write one of {wanted}"


def words(_: str, got: str, choices: str) -> str:
    """Return a hint for a text that is not one of a few words."""
    known = re.findall("'(.*?)'", choices)
    wrong = next((one for one in re.findall("'(.*?)'", got) if one not in known), "")
    if not wrong:
        return ""
    if "boot" in known and wrong in get_args(PartitionType):
        return f'that is a type, not a flag: type="{wrong}"'
    with suppress(ValueError):
        if "bios-boot" in known:
            return f'write type=uuid.UUID("{UUID(wrong)}")'
    wrong = wrong.partition(",")[0]  # ttyS0,115200
    return did_you_mean(wrong, known, "'{}'") or f"there are {', '.join(known)}"


def condition(text: str) -> str:
    """Return a hint for what step_if() is given instead of flags."""
    with suppress(SyntaxError):
        node = ast.parse(text, mode="eval").body
        if isinstance(node, ast.UnaryOp | ast.BoolOp):
            return f"combine flags with & | ~: step_if({ast.unparse(_combined(node))})"
        if isinstance(node, ast.Compare):
            return "it takes flags alone: write @step, and compare the option's value in the step"
    return ""


def _combined(node: ast.expr) -> ast.expr:
    """Return a condition with & | ~ for what Python itself would decide."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return ast.UnaryOp(ast.Invert(), _combined(node.operand))
    if isinstance(node, ast.BoolOp):
        operator = ast.BitAnd() if isinstance(node.op, ast.And) else ast.BitOr()
        combined = _combined(node.values[0])
        for value in node.values[1:]:
            combined = ast.BinOp(combined, operator, _combined(value))
        return combined
    return node.func if isinstance(node, ast.Call) and not node.args else node


def texts(text: str) -> str:
    """Return a hint for one text where a tuple of texts is wanted."""
    words = text.strip("\"'").split(",")
    if len(words) == 1:
        return f"a tuple of one text has a comma: ({text},)"
    return "give them one by one: ({})".format(", ".join(f'"{word.strip()}"' for word in words))


def flags(text: str) -> str:
    """Return a hint for flags of a partition that are one text, or that are its type."""
    name = text.strip("\"'")
    return f'write flags=("{name}",)' if name in get_args(PartitionFlag) else f'write type="{name}"'


def unexpected(_: str, wrong: str, function: str) -> str:
    """Return a hint for an argument whose name the function does not have."""
    if not _called(function):
        return "put @dataclass(frozen=True, kw_only=True) above it" if function[0].isupper() else ""
    parameters = {parameter.name: parameter for parameter in _parameters(function)}
    if wrong in parameters:
        many = parameters[wrong].kind is Parameter.VAR_POSITIONAL
        return f"write them one by one, without {wrong}=" if many else f"write it without {wrong}="
    if function == "mklv" and _NOT_LINEAR.fullmatch(wrong):
        return f"leave out {wrong}=: volumes are linear or striped"
    names = list(parameters)
    return did_you_mean(wrong, names, "{}=") or f"{function} takes {', '.join(names)}"


def too_many(_: str, function: str) -> str:
    """Return a hint for values without a name: those that are needed, or the first few."""
    named = [p for p in _parameters(function) if p.kind is Parameter.KEYWORD_ONLY]
    needed = [p for p in named if p.default is Parameter.empty]
    names = [f"{p.name}=…" for p in (needed or named)[:_FEW]]
    more = ", …" if len(needed or named) > _FEW else ""
    return f"name the values: {', '.join(names)}{more}" if names else ""


def too_many_plain(_: str, function: str) -> str:
    """Return a hint for more values than a function takes."""
    words = [p.name if p.kind in _PLAIN else f"{p.name}=…" for p in _parameters(function)]
    return f"{function} takes {', '.join(words)}" if words else ""


def too_few(_: str, function: str) -> str:
    """Return a hint that shows what a call needs."""
    needed = [p for p in _parameters(function) if p.default is Parameter.empty]
    words = [p.name if p.kind in _PLAIN else f"{p.name}=…" for p in needed if p.kind in _CALLED]
    return f"it is called as {function}({', '.join(words)})" if words else ""


_CALLED = (*_PLAIN, Parameter.KEYWORD_ONLY)


def _called(function: str) -> Any:
    """Return what a recipe calls by a name: of vmdsl, or of its library."""
    return getattr(vmdsl, function, None) or getattr(vmdsl_stdlib, function, None)


def _parameters(function: str) -> list[Parameter]:
    called = _called(function)
    is_value = isinstance(called, type) and not issubclass(called, NeverText)
    is_known = inspect.isroutine(called) or is_value
    return list(inspect.signature(called).parameters.values()) if is_known else []


def uncalled(text: str) -> str:
    """Return a hint to call an option that is compared or added, as if it were its value."""
    names = {
        name
        for node in _expressions(text)
        for name in (node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node))
        if isinstance(name, ast.Name)
    }
    found = {name.id for name in names} or {text}
    return f"call it: {found.pop()}()" if len(found) == 1 and text else ""


def operands(text: str, declared: Collection[str]) -> list[str]:
    """Return the options and steps that code names without calling them, in order."""
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except SyntaxError:
        return []
    called = {node.func for node in nodes if isinstance(node, ast.Call)}
    names = [node.id for node in nodes if isinstance(node, ast.Name) and node not in called]
    return [name for name in dict.fromkeys(names) if name in declared]


def _expressions(text: str) -> list[ast.AST]:
    """Return what has an option as an operand, in code that need not be an expression."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return []
    kinds = ast.BinOp | ast.Compare | ast.Attribute | ast.Call
    return [n for n in ast.walk(tree) if isinstance(n, kinds)]


def starred(text: str) -> str:
    """Return a hint to call what stands behind a star, if it is a name."""
    with suppress(SyntaxError):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Starred) and isinstance(node.value, ast.Name):
                return f"call it: *{node.value.id}()"
    return ""
