"""Values that stand in a recipe as what makes them, such as `MiB(256)`."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from fractions import Fraction
from pathlib import Path
from uuid import UUID

from vmdsl.values import Percent, Size, position
from vmdsl.vmdb2.draft import Hex, Octal
from vmdsl.vmdb2.to_python.imports import Imports
from vmdsl.vmdb2.to_python.layout import Brackets, Expression
from vmdsl.vmdb2.to_python.strings import string

#: Where two are as short, the first one counts.
_UNITS = {
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
    "KiB": 2**10,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "kB": 10**3,
    "sectors": 512,
}


def value(made: object, imports: Imports, *, is_place: bool = False) -> Expression:
    """What makes the value. A place on a disk may be a `position` where no unit is exact."""
    match made:
        case Enum():
            return f"{imports.use(type(made).__name__)}.{made.name}"
        case str():
            return string(made)
        case Octal() | Hex():
            return f"0o{made:o}" if isinstance(made, Octal) else f"0x{made:02x}"
        case None | bool() | int() | float():
            return repr(made)
        case Size():
            return _size(made, imports, is_place=is_place)
    return _made_of_one(made, imports)


def _made_of_one(made: object, imports: Imports) -> Brackets:
    match made:
        case Percent(number):
            name, inner = (
                imports.use("Percent"),
                str(int(number) if number == int(number) else number),
            )
        case Path():
            name, inner = imports.use("Path", "pathlib"), string(str(made))
        case UUID():
            name, inner = imports.use("UUID", "uuid"), string(str(made))
        case _:
            raise TypeError(f"{made!r} cannot be written in a recipe")
    return Brackets(f"{name}(", (("", inner),))


def _size(size: Size, imports: Imports, *, is_place: bool) -> Brackets:
    """The shortest way that is exact: `-MiB(100)`."""
    spellings = _spellings(size, is_place=is_place)
    function, number = min(spellings, key=lambda spelling: len(spelling[1].strip('"-MB')))
    imports.use(function.removeprefix("-"))
    return Brackets(f"{function}(", (("", number),))


def _spellings(size: Size, *, is_place: bool) -> Iterator[tuple[str, str]]:
    sign = "-" if size.bytes < 0 else ""
    number = abs(size.bytes)
    for unit, factor in _UNITS.items():
        if number % factor == 0:
            yield sign + unit, str(number // factor)
        elif number * 4 % factor == 0 and unit != "sectors":  # floats are exact for quarters
            yield sign + unit, str(number / factor)
    megabytes = f'"{round(Fraction(size.bytes, 10**6))}MB"'
    if is_place and position(megabytes.strip('"')) == size:
        yield "position", megabytes
    yield "Size", str(size.bytes)
