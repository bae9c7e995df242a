"""Tells all of what is in a directory: python3 listing.py DIRECTORY.

A line for each file, sorted, with all that must be the same whatever filesystem holds it. It is
run in a build's sandbox and in the machine that was built, so it needs nothing but Python.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

#: XFS tells root of each ACL once more, by the name that it has on the disk.
TWICE = "trusted.SGI_ACL_"


def content(path: Path, mode: int) -> str:
    if stat.S_ISLNK(mode):
        return os.readlink(path)  # noqa: PTH115 (a Path would be another text)
    return f"{zlib.crc32(path.read_bytes()):08x}" if stat.S_ISREG(mode) else ""


def told(top: Path) -> Iterator[str]:
    below = [
        Path(folder, name) for folder, inside, files in os.walk(top) for name in [*inside, *files]
    ]
    for path in sorted([top, *below], key=os.fsencode):
        about = path.lstat()
        listed = os.listxattr(path, follow_symlinks=False)
        names = sorted(name for name in listed if not name.startswith(TWICE))
        folder = stat.S_ISDIR(about.st_mode)
        yield json.dumps(
            {
                "path": str(path.relative_to(top)),
                "mode": f"{about.st_mode:o}",
                "uid": about.st_uid,
                "gid": about.st_gid,
                "links": 0 if folder else about.st_nlink,
                "size": about.st_size if stat.S_ISREG(about.st_mode) else 0,
                "mtime": about.st_mtime_ns,
                "content": content(path, about.st_mode),
                "attributes": {n: os.getxattr(path, n, follow_symlinks=False).hex() for n in names},
            }
        )


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in told(Path(sys.argv[1])))
