"""F2FS."""

from __future__ import annotations

from typing import ClassVar

from vmdsl.language.handles import BlockDevice, Mountable
from vmdsl.language.operation import operation
from vmdsl.language.traits import ToolOptions, Traits
from vmdsl.operations.disk.mkfs import check_uuid, record_filesystem

_FEATURES = (
    *("encrypt", "extra_attr", "project_quota", "inode_checksum", "flexible_inline_xattr"),
    *("quota", "inode_crtime", "lost_found", "verity", "sb_checksum", "casefold", "compression"),
    *("ro", "device_alias"),
)


@operation
class F2fs(Mountable):
    """An F2FS filesystem, made for flash memory."""

    kind = "f2fs"
    _tools: ClassVar = {"mkfs.f2fs": "f2fs-tools", "sload.f2fs": "f2fs-tools"}
    _traits = Traits(
        longest_label=255,
        tool_options=ToolOptions(
            short="qa:c:C:d:e:E:g:hil:mo:O:rR:s:S:z:t:T:U:Vfw:b:H:Z:",
            words={"-O": _FEATURES},
        ),
        label_option="-l",
        refused=dict.fromkeys(("-S", "-T", "-c", "-m"), ""),
        no_room=("Can't find free block",),
        least=52 * 2**20,
        most=16 * 2**40,
        grub_module="f2fs",
        in_cloud_kernel=False,
        # Linux 6.1 crashes in f2fs_issue_flush once a root has become writable later.
        starts_writable=True,
    )


def mkf2fs(
    device: BlockDevice, *, label: str = "", uuid: str = "", options: tuple[str, ...] = ()
) -> F2fs:
    """Format a partition or a volume with F2FS, of at least 52 MiB. `label` is at most 255 bytes.

    `uuid` is derived from the step, if not given. `options` are further arguments of mkfs.f2fs,
    which override those of vmdsl.
    """
    return record_filesystem(
        F2fs(device=device, label=label, uuid=check_uuid(uuid), options=options)
    )
