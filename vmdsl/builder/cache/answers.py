"""Answers from the disk's layout, for programs that ask which device they are on.

Only operations whose programs ask depend on the answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from vmdsl.builder.cache.checksums import digest
from vmdsl.language.effects import ImageOperation
from vmdsl.language.layout import Layout
from vmdsl.operations.boot_loaders.grub.stand_ins import stand_ins
from vmdsl.operations.scripts.device_queries import blkid_script, df_script, lsblk_script
from vmdsl.operations.scripts.stand_ins import findmnt_script


def answering(layout: Layout, operations: Sequence[ImageOperation]) -> dict[str, str]:
    """Return the scripts that answer in place of programs, by name; none without a mount at /.

    `operations` are those that write to the finished image.
    """
    if not any(mount.path == PurePosixPath("/") for mount in layout.mounts):
        return {}
    return {
        **stand_ins(layout, operations),
        "findmnt": findmnt_script(layout),
        "blkid": blkid_script(layout),
        "lsblk": lsblk_script(layout),
        "df": df_script(layout),
    }


def digest_of_answers(layout: Layout, operations: Sequence[ImageOperation]) -> str:
    """Return a checksum of all that an operation can find out by asking."""
    return digest(answering(layout, operations))
