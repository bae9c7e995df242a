"""Swap space."""

from __future__ import annotations

from vmdsl.language.handles import BlockDevice, Filesystem, ToolOptions, Traits
from vmdsl.language.operation import operation
from vmdsl.operations.disk.mkfs import GIVE_LABEL, GIVE_UUID, check_uuid, record_filesystem


@operation
class Swap(Filesystem):
    """Swap space; it goes to fstab and cannot be mounted."""

    kind = "swap"
    _programs = ("mkswap",)
    _traits = Traits(
        longest_label=15,  # a longer one loses its end
        tool_options=ToolOptions(
            short="cfp:qL:v:U:Vho:e:s:F",
            long=(
                *("check", "endianness=", "file", "force", "help", "label=", "lock=?", "offset="),
                *("pagesize=", "quiet", "size=", "swapversion=", "uuid=", "verbose", "version"),
            ),
        ),
        refused={
            "--label": GIVE_LABEL,
            "--uuid": GIVE_UUID,
            **dict.fromkeys(
                ("-c", "--check", "-o", "--offset", "-s", "--size", "-F", "--file"), ""
            ),
        },
        most=16 * 2**40,
    )


def mkswap(
    device: BlockDevice, *, label: str = "", uuid: str = "", options: tuple[str, ...] = ()
) -> Swap:
    """Make a partition or a volume swap space. `label` is at most 15 bytes.

    `uuid` is derived from the step, if not given. `options` are further arguments of mkswap.
    """
    return record_filesystem(
        Swap(device=device, label=label, uuid=check_uuid(uuid), options=options)
    )
