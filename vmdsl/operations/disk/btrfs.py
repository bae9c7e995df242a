"""Btrfs."""

from __future__ import annotations

from typing import ClassVar

from vmdsl.language.handles import BlockDevice, Mountable, Traits
from vmdsl.language.operation import operation
from vmdsl.operations.disk.mkfs import CONTENT, GIVE_LABEL, GIVE_UUID, check_uuid, record_filesystem


@operation
class Btrfs(Mountable):
    """A Btrfs filesystem."""

    kind = "btrfs"
    programs: ClassVar = {"mkfs.btrfs": "btrfs-progs"}
    traits = Traits(
        longest_label=255,
        refused={
            "--label": GIVE_LABEL,
            "--uuid": GIVE_UUID,
            "-r": CONTENT,
            "--rootdir": CONTENT,
            **dict.fromkeys(("--shrink", "--subvol", "-b", "--byte-count"), ""),
        },
        least=110 * 2**20,
        grub_module="btrfs",
        can_grow=True,
        is_checked=False,
    )


def mkbtrfs(
    device: BlockDevice, *, label: str = "", uuid: str = "", options: tuple[str, ...] = ()
) -> Btrfs:
    """Format a partition or a volume with Btrfs, of at least 110 MiB. `label` is at most 255 bytes.

    `uuid` is derived from the step, if not given. `options` are further arguments of mkfs.btrfs,
    which override those of vmdsl. mkfs.btrfs does not write the same bytes each time.
    """
    return record_filesystem(
        Btrfs(device=device, label=label, uuid=check_uuid(uuid), options=options)
    )
