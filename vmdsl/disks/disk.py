"""A disk that may be written to: found by its name, and claimed against all others."""

from __future__ import annotations

import errno
import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from vmdsl.disks.uses import uses
from vmdsl.errors import HostError, Problem, UsageError
from vmdsl.values import SECTOR

_BLOCKS = Path("/sys/dev/block")
_LIST = "see those that are here: lsblk -d -o PATH,SIZE,VENDOR,MODEL,TRAN"
_MISSING = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
#: Files of sysfs with the names of a disk: of SCSI and NVMe, of MMC, and of what is not hardware.
_NAMES = ("device/vendor", "device/model", "device/name", "dm/name", "loop/backing_file")
#: How a disk is connected, by a part of its path in sysfs.
_CONNECTIONS = {"/usb": "USB", "/mmc_host/": "SD or MMC", "/nvme": "NVMe", "/ata": "SATA"}


@dataclass(frozen=True, kw_only=True)
class Disk:
    """An open disk. `name` is the one that was given; sizes are in bytes."""

    name: str
    file: int
    size: int
    sector: int = SECTOR
    about: str = ""

    def __str__(self) -> str:
        return self.name


def require_disk(path: Path) -> os.stat_result:
    """Return the status of a disk's device file. Raises UsageError if it is not a whole disk."""
    try:
        about = path.stat()
    except OSError as error:
        if error.errno not in _MISSING:
            raise
        raise _not_a_disk(f"there is no disk {path}", _LIST) from None
    if stat.S_ISREG(about.st_mode):
        hint = f"to build an image there: vmdsl build RECIPE --output {path}"
        raise _not_a_disk(f"{path} is a file, not a disk", hint)
    if not stat.S_ISBLK(about.st_mode):
        raise _not_a_disk(f"{path} is not a disk", _LIST)
    place = (_BLOCKS / _number(about)).resolve()
    if (place / "partition").exists():
        whole = Path("/dev", place.parent.name)
        raise _not_a_disk(
            f"{path} is a partition, and an image is that of a whole disk",
            f"if all of that disk may be replaced, name it: {whole}",
        )
    return about


@contextmanager
def claimed_disk(path: Path) -> Iterator[Disk]:
    """Open a disk for writing, in a way that nobody else can mount or claim it meanwhile.

    Raises UsageError if it is not a whole disk, and HostError if it may not be written to.
    """
    about = require_disk(path)
    place = _BLOCKS / _number(about)
    if _text(place / "ro") == "1":
        raise HostError(
            Problem(
                what=f"{path} is read-only",
                hint="a card or its adapter may have a switch for that",
                code="wrong-disk",
            )
        )
    try:
        file = os.open(path, os.O_RDWR | os.O_EXCL | os.O_CLOEXEC)
    except OSError as error:
        raise HostError(_not_opened(path, about, error)) from None
    try:
        yield _opened(path, file)
    finally:
        with suppress(OSError):  # it has disappeared
            os.close(file)


def _opened(path: Path, file: int) -> Disk:
    about = os.fstat(file)
    place = _BLOCKS / _number(about)
    size = os.lseek(file, 0, os.SEEK_END)
    if not stat.S_ISBLK(about.st_mode) or size == 0:
        raise HostError(_no_medium(path))
    sector = int(_text(place / "queue/logical_block_size") or SECTOR)
    return Disk(
        name=str(path), file=file, size=size, sector=sector, about=_describe(path, place, size)
    )


def _describe(path: Path, place: Path, size: int) -> str:
    """Return a disk's device file, model, size and connection, by which people know it."""
    words = [text for name in _NAMES if (text := _text(place / name)) and text[:2] != "0x"]
    real, device = str(place.resolve()), path.resolve()
    connection = next((word for part, word in _CONNECTIONS.items() if part in real), "")
    parts = [" ".join(words), _rounded(size), connection]
    if _text(place / "removable") == "1":
        parts.append("removable")
    known = ", ".join(filter(None, parts))
    return known if device == path else f"{device}, {known}"


def _rounded(size: int) -> str:
    """Return a size as it is printed on a disk: in GB, or in MB below that."""
    return f"{size / 1000**3:.3g} GB" if size >= 1000**3 else f"{size / 1000**2:.3g} MB"


def _not_opened(path: Path, about: os.stat_result, error: OSError) -> Problem:
    """Return why a disk could not be opened."""
    if error.errno == errno.EBUSY:
        return _in_use(path, _number(about))
    if error.errno in (errno.ENOMEDIUM, errno.ENXIO, errno.ENODEV):
        return _no_medium(path)
    hint = ""
    if error.errno in (errno.EACCES, errno.EPERM):
        user = pwd.getpwuid(os.geteuid()).pw_name
        hint = f"As root: chown {user} {path.resolve()}"
    return Problem(
        what=f"{path} cannot be opened for writing: {error.strerror}", hint=hint, code="wrong-disk"
    )


def _in_use(path: Path, number: str) -> Problem:
    found = uses(
        number,
        blocks=_BLOCKS,
        mountinfo=Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace"),
        swaps=_text(Path("/proc/swaps")),
    )
    hints = [use.remedy for use in found if use.remedy]
    if not found:
        hints = ["something has claimed it: a mount elsewhere, or a program that writes to it"]
    return Problem(
        what=": ".join(
            [f"{path} is in use", *["; ".join(use.what for use in found)] * bool(found)]
        ),
        hint="\n".join(hints),
        code="disk-in-use",
    )


def _no_medium(path: Path) -> Problem:
    return Problem(
        what=f"{path} is empty",
        hint="put the card into its reader, or plug the disk in again",
        code="wrong-disk",
    )


def _not_a_disk(what: str, hint: str) -> UsageError:
    return UsageError(Problem(what=what, hint=hint, code="not-a-disk"))


def _number(about: os.stat_result) -> str:
    return f"{os.major(about.st_rdev)}:{os.minor(about.st_rdev)}"


def _text(file: Path) -> str:
    """Return the text of a file of the kernel; "" if there is no such file."""
    with suppress(OSError):
        return file.read_text(encoding="utf-8", errors="replace").strip()
    return ""
