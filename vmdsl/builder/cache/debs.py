"""Packages that builds have downloaded, kept for others: files named by their checksum.

apt takes any file of the right name and size that lies in its directory for the package. So a
build gets its own directory, with links to just those kept files that have the checksum that the
archive's index says, and they are read for that: a power cut may have left zeros in one.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

#: The room that packages are kept in, in bytes.
MOST = 4 << 30
_SUFFIX = ".deb"
#: What `apt-get --print-uris` prints of a package: address, name of the file, size, checksum.
_PRINTED = re.compile(r"'[^']*' (\S+_\S+\.deb) \d+ SHA256:([0-9a-f]{64})")


def checksums(printed: str) -> dict[str, str]:
    """Return the files that apt prints that it will fetch, with their checksums."""
    found = (_PRINTED.fullmatch(line.strip()) for line in printed.splitlines())
    return {match[1]: match[2] for match in found if match and "/" not in match[1]}


class Debs:
    """The packages that are kept in a directory. Any number of builds use it at once."""

    def __init__(self, store: Path) -> None:
        self._store = store

    def lend(self, wanted: Mapping[str, str], place: Path) -> list[str]:
        """Link the kept ones of the wanted files into a directory. Returns the others' names."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            there = pool.map(lambda item: self._lend(item[0], item[1], place), wanted.items())
            return [name for name, is_there in zip(wanted, there, strict=True) if not is_there]

    def _lend(self, name: str, checksum: str, place: Path) -> bool:
        kept, lent = self._store / f"{checksum}{_SUFFIX}", place / name
        try:
            os.link(kept, lent)
            if _checksum(lent) == checksum:
                os.utime(kept)
                return True
            kept.unlink()
            lent.unlink()
        except OSError:  # it isn't there, or no longer, or can't be linked: it will be downloaded
            lent.unlink(missing_ok=True)
        return False

    def keep(self, place: Path, wanted: Mapping[str, str]) -> None:
        """Move what apt has downloaded to a directory into the store.

        apt has compared the checksums by then. A failure is ignored: then the file is downloaded
        again.
        """
        new = False
        with suppress(OSError):
            self._store.mkdir(exist_ok=True)
            for file in place.iterdir():
                if file.suffix != _SUFFIX or not file.is_file() or file.is_symlink():
                    continue
                kept = self._store / f"{wanted.get(file.name) or _checksum(file)}{_SUFFIX}"
                if not kept.exists():
                    file.rename(kept)
                    new = True
            if new:
                prune(self._store, MOST)


def prune(store: Path, limit: int) -> None:
    """Remove the packages that were not used for longest, until `limit` bytes are left at most."""
    total = 0
    for _, bytes_, name in sorted(_entries(store), reverse=True):
        total += bytes_
        if total > limit:
            (store / name).unlink(missing_ok=True)


def _entries(store: Path) -> Iterable[tuple[float, int, str]]:
    """Yield when each package was last used, its size in bytes, and its name."""
    if not store.is_dir():
        return
    with os.scandir(store) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):  # another build has removed it
                about = entry.stat(follow_symlinks=False)
                yield about.st_mtime, about.st_size, entry.name


def _checksum(file: Path) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()
