"""The values that a recipe's arguments are made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, total_ordering

from distro_info import DebianDistroInfo, DistroDataOutdated

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(i?B)?", re.IGNORECASE)


@total_ordering
@dataclass(frozen=True)
class Size:
    """A number of bytes. Made with `MiB(256)`, or from text such as `4G` or `1.5 GiB`."""

    bytes: int

    @classmethod
    def parse(cls, text: str) -> Size:
        """Read a size as people write it; K, M, G and T are powers of 1024, as in qemu-img.

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
    """A size in units of 1024 bytes."""
    return Size(int(number * 2**10))


def MiB(number: float) -> Size:  # noqa: N802 (a unit's name)
    """A size in units of 1024² bytes."""
    return Size(int(number * 2**20))


def GiB(number: float) -> Size:  # noqa: N802 (a unit's name)
    """A size in units of 1024³ bytes."""
    return Size(int(number * 2**30))


def TiB(number: float) -> Size:  # noqa: N802 (a unit's name)
    """A size in units of 1024⁴ bytes."""
    return Size(int(number * 2**40))


class Arch(StrEnum):
    """A Debian architecture, by Debian's own name."""

    AMD64 = "amd64"
    I386 = "i386"
    ARM64 = "arm64"
    ARMHF = "armhf"
    PPC64EL = "ppc64el"
    RISCV64 = "riscv64"
    S390X = "s390x"


@dataclass(frozen=True)
class Suite:
    """A suite of the archive by its code name, such as `trixie`.

    An alias (`stable`, `testing` …) stands for the code name that it means today.
    """

    name: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", suite_aliases().get(self.name, self.name))

    @classmethod
    def parse(cls, text: str) -> Suite:
        """Read a suite's code name or alias. Raises ValueError for an empty one."""
        if not re.fullmatch(r"[a-z0-9][a-z0-9.+/-]*", text):
            raise ValueError(f"{text!r} is not the name of a suite, such as trixie")
        return cls(text)

    def __str__(self) -> str:
        return self.name


@cache
def debian_suites() -> tuple[str, ...]:
    """Code names of Debian's releases, oldest first; empty without distro-info's data."""
    try:
        return tuple(DebianDistroInfo().all)
    except OSError:
        return ()


@cache
def suite_aliases() -> dict[str, str]:
    """What `stable` and its like mean today; only `unstable` without distro-info's data."""
    names = {"unstable": "sid"}
    try:
        info = DebianDistroInfo()
        names |= {"oldstable": info.old(), "stable": info.stable(), "testing": info.testing()}
    except (OSError, DistroDataOutdated):
        pass
    return names
