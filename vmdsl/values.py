"""The values that a recipe's arguments are made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, total_ordering
from itertools import takewhile
from math import floor

from distro_info import DebianDistroInfo, DistroDataOutdated, UbuntuDistroInfo

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_DECIMAL = {"k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
#: The usual size of a disk's sectors, in bytes.
SECTOR = 512
#: The sectors of encrypted devices, if they have whole ones: larger ones are faster.
LUKS_SECTOR = 4096
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(i?B)?", re.IGNORECASE)


@total_ordering
@dataclass(frozen=True)
class Size:
    """A number of bytes. Made with `MiB(256)`, or from text such as `4G` or `1.5 GiB`."""

    bytes: int

    @classmethod
    def parse(cls, text: str) -> Size:
        """Parse a size; K, M, G and T are powers of 1024, as in qemu-img.

        Raises ValueError with a sentence for the user.
        """
        match = _SIZE.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is not a size; write it like 512M or 4G")
        number, unit, _ = match.groups()
        return cls(int(float(number) * _UNITS[unit.upper()]))

    def __add__(self, other: Size) -> Size:
        return Size(self.bytes + other.bytes)

    def __sub__(self, other: Size) -> Size:
        return Size(self.bytes - other.bytes)

    def __neg__(self) -> Size:
        return Size(-self.bytes)

    def __mul__(self, factor: int) -> Size:
        return Size(self.bytes * factor)

    def __lt__(self, other: Size) -> bool:
        return self.bytes < other.bytes

    def __str__(self) -> str:
        if self.bytes < 0:
            return f"-{Size(-self.bytes)}"
        for unit in "TGMK":
            whole, hundredths = divmod(self.bytes * 100 // _UNITS[unit], 100)
            if whole and self.bytes * 100 % _UNITS[unit] == 0:
                fraction = f".{hundredths:02}".rstrip("0").rstrip(".")
                return f"{whole}{fraction} {unit}iB"
        return f"{self.bytes} B"


def KiB(number: float) -> Size:  # noqa: N802 (a unit's name)
    """Return a size in units of 1024 bytes."""
    return Size(int(number * 2**10))


def MiB(number: float) -> Size:  # noqa: N802 (a unit's name)
    """Return a size in units of 1024² bytes."""
    return Size(int(number * 2**20))


def GiB(number: float) -> Size:  # noqa: N802 (a unit's name)
    """Return a size in units of 1024³ bytes."""
    return Size(int(number * 2**30))


def TiB(number: float) -> Size:  # noqa: N802 (a unit's name)
    """Return a size in units of 1024⁴ bytes."""
    return Size(int(number * 2**40))


def kB(number: float) -> Size:  # noqa: N802 (a unit's name)
    """Return a size in units of 1000 bytes."""
    return Size(int(number * 10**3))


def MB(number: float) -> Size:  # noqa: N802 (a unit's name)
    """Return a size in units of 1000² bytes."""
    return Size(int(number * 10**6))


def GB(number: float) -> Size:  # noqa: N802 (a unit's name)
    """Return a size in units of 1000³ bytes."""
    return Size(int(number * 10**9))


def TB(number: float) -> Size:  # noqa: N802 (a unit's name)
    """Return a size in units of 1000⁴ bytes."""
    return Size(int(number * 10**12))


def sectors(number: int) -> Size:
    """Return a size in sectors of 512 bytes, also for disks whose sectors are larger."""
    return Size(number * SECTOR)


@total_ordering
@dataclass(frozen=True)
class Percent:
    """A share in percent, from 0 to 100: on a disk `Percent(50)` is the middle, of LVM a half.

    Raises ValueError for other numbers.
    """

    number: float

    def __post_init__(self) -> None:
        if not 0 <= self.number <= 100:  # noqa: PLR2004 (a percent is a hundredth)
            raise ValueError(f"{self} is not between 0% and 100%")

    def of(self, size: int) -> int:
        """Return this share of a number of bytes, rounded down."""
        return int(size * Fraction(str(self.number)) / 100)

    def __lt__(self, other: Percent) -> bool:
        return self.number < other.number

    def __str__(self) -> str:
        return f"{self.number:g}%"


def position(text: str) -> Size | Percent:
    """Parse a place on the disk as parted does: `64s`, `16MiB`, `1.5GB`, `50%`, `-100MiB`.

    Units are s (sectors of 512 bytes), B, kB, MB, GB and TB (powers of 1000), KiB, MiB, GiB and
    TiB (powers of 1024) and %. Case does not matter, the B is optional, and a number without a
    unit is in MB. Negative places count from the end of the disk. Places are rounded down to
    whole sectors. Raises ValueError for anything else, including parted's units cyl and chs.
    """
    match = _POSITION.fullmatch(text.strip())
    if match is None:
        if re.fullmatch(r"\s*-?[\d.]+\s*(c|cyl|chs)\s*|\s*\d+,\d+,\d+\s*", text, re.IGNORECASE):
            raise ValueError(f"{text!r}: disks have no cylinders any more; write it in MiB")
        raise ValueError(f"{text!r} is not a place on a disk; write it like 16MiB, 64s or 50%")
    number, unit = Fraction(match["number"]), match["unit"].lower()
    if unit == "%":
        return Percent(float(number) + (100 if match["number"].startswith("-") else 0))
    unit = unit.removesuffix("b") if len(unit) > 1 else unit
    factor = _POSITION_UNITS[unit]
    return sectors(floor(number * factor / SECTOR))


_POSITION = re.compile(
    r"(?P<number>-?\d+\.?\d*)\s*(?P<unit>%|s|b|[kmgt](?:i?b|i)?|)",
    re.IGNORECASE | re.ASCII,
)
_POSITION_UNITS = {
    "": 10**6,
    "s": SECTOR,
    "b": 1,
    **_DECIMAL,
    **{f"{letter.lower()}i": factor for letter, factor in _UNITS.items() if letter},
}


@dataclass(frozen=True)
class Suite:
    """A suite of the archive by its code name, such as `trixie`.

    An alias (`stable`, `testing` …) is replaced by the code name that it has today.
    """

    name: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", suite_aliases().get(self.name, self.name))

    @classmethod
    def parse(cls, text: str) -> Suite:
        """Parse a suite's code name or alias. Raises ValueError for anything else."""
        if not re.fullmatch(r"[a-z0-9][a-z0-9.+/-]*", text):
            raise ValueError(f"{text!r} is not the name of a suite, such as trixie")
        return cls(text)

    def __str__(self) -> str:
        return self.name


@cache
def debian_suites() -> tuple[str, ...]:
    """Return the code names of Debian's releases, oldest first, and those that never end."""
    try:
        known = {*_RELEASES.values(), *_ENDLESS}
        newer = [name for name in DebianDistroInfo().all if name not in known]
    except OSError:
        newer = []
    return (*_RELEASES.values(), *newer, *_ENDLESS)


def split_suite(name: str) -> tuple[str, str]:
    """Return the release that a suite is a part of, and the rest, such as `-backports`."""
    head = re.split("[-/]", name)[0]
    return head, name.removeprefix(head)


def is_debian_suite(name: str) -> bool:
    """Return whether Debian's archive has a suite, or had it: a release, or a part of one."""
    head, rest = split_suite(name)
    is_release = head in {*debian_suites(), *_ALIASES} and rest[1:] in {"", *SUITE_PARTS}
    return name in _OTHER or is_release


def has_left_the_mirrors(name: str) -> bool:
    """Return whether Debian has moved a suite from its mirrors to the archive of old releases."""
    return split_suite(name)[0] in _IN_THE_ARCHIVE


@cache
def ubuntu_suites() -> tuple[str, ...]:
    """Return the code names of Ubuntu's releases, oldest first; empty without distro-info-data."""
    try:
        return tuple(UbuntuDistroInfo().all)
    except OSError:
        return ()


def suite_versions() -> dict[str, str]:
    """Return the code names of the numbers of Debian's releases."""
    return dict(_RELEASES)


@cache
def suite_aliases() -> dict[str, str]:
    """Return the code names of aliases; only that of `unstable` without distro-info-data."""
    names = {"unstable": "sid"}
    try:
        info = DebianDistroInfo()
        names |= {"oldstable": info.old(), "stable": info.stable(), "testing": info.testing()}
    except (OSError, DistroDataOutdated):
        pass
    return names


#: Debian's releases by their numbers, from its table distro-info-data, so that a recipe means the
#: same on all machines. The table of the machine may know newer ones.
_RELEASES = {
    "1.1": "buzz",
    "1.2": "rex",
    "1.3": "bo",
    "2.0": "hamm",
    "2.1": "slink",
    "2.2": "potato",
    "3.0": "woody",
    "3.1": "sarge",
    "4.0": "etch",
    "5.0": "lenny",
    "6.0": "squeeze",
    "7": "wheezy",
    "8": "jessie",
    "9": "stretch",
    "10": "buster",
    "11": "bullseye",
    "12": "bookworm",
    "13": "trixie",
    "14": "forky",
    "15": "duke",
}
#: The parts of a release that are suites, as in `trixie-backports`.
SUITE_PARTS = (
    *("updates", "security", "backports", "backports-sloppy", "proposed-updates", "lts"),
    *("debug", "backports-debug", "proposed-updates-debug", "security-debug", "updates-debug"),
)
_ENDLESS = ("sid", "experimental")
_ALIASES = ("oldoldstable", "oldstable", "stable", "testing", "unstable")
#: Suites of Debian that are no part of a release.
_OTHER = ("rc-buggy", "proposed-updates")
_FIRST_ON_THE_MIRRORS = "bullseye"
_IN_THE_ARCHIVE = tuple(takewhile(lambda name: name != _FIRST_ON_THE_MIRRORS, _RELEASES.values()))
