"""What a recipe's own scripts run with, which nothing else does."""

from __future__ import annotations

import os
from pathlib import Path

from vmdsl import programs

#: Before a program, and followed by the largest size of a file, in blocks: a write beyond it fails,
#: as it does on a full disk.
LIMITED = ("sh", "-c", 'trap "" XFSZ; ulimit -f "$0"; exec "$@"')
BLOCK = 512
#: An ordinary user can't mount the machine's /dev and /sys by themselves, nor unmount a part.
_LENIENT = """\
#!/bin/sh
# Where this fails at what the tree has while a script runs, nothing is missing.
{real} "$@" && exit 0
code=$?
tree={tree}
for word; do
    place=$(realpath --canonicalize-missing -- "$word" 2>/dev/null)
    case "${{place#"$tree"}}" in
        "$place") ;;
        /proc | /sys | /dev | /run | /tmp | /proc/* | /sys/* | /dev/* | /run/*)
            echo "vmdsl: $word is there while this script runs, and not afterwards" >&2
            exit 0 ;;
    esac
done
exit "$code"
"""


def make_lenient_mount(directory: Path, tree: Path) -> None:
    """Make programs mount and umount that don't fail where the tree has what is asked for."""
    directory.mkdir(exist_ok=True)
    for name in ("mount", "umount"):
        real = programs.find(name) or f"/usr/bin/{name}"
        program = directory / name
        program.write_text(_LENIENT.format(real=real, tree=f"'{os.path.realpath(tree)}'"))
        program.chmod(0o755)
