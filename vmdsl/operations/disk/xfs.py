"""XFS."""

from __future__ import annotations

from typing import ClassVar

from vmdsl.language.handles import BlockDevice, Mountable
from vmdsl.language.operation import operation, refuse
from vmdsl.language.traits import ToolOptions, Traits
from vmdsl.operations.disk.mkfs import CONTENT, GIVE_UUID, check_uuid, record_filesystem

_WORDS = {
    "-d": (
        *("agcount", "agsize", "concurrency", "cowextsize", "daxinherit", "extszinherit", "file"),
        *("name", "noalign", "projinherit", "rtinherit", "sectsize", "size", "su", "sunit", "sw"),
        "swidth",
    ),
    "-i": (
        *("align", "attr", "exchange", "maxpct", "nrext64", "perblock", "projid32bit", "size"),
        "sparse",
    ),
    "-l": (
        *("agnum", "concurrency", "internal", "lazy-count", "logdev", "sectsize", "size", "su"),
        *("sunit", "version"),
    ),
    "-m": (
        *("autofsck", "bigtime", "crc", "finobt", "inobtcount", "metadir", "reflink", "rmapbt"),
        "uuid",
    ),
    "-s": ("size", "sectsize"),
}


@operation
class Xfs(Mountable):
    """An XFS filesystem."""

    kind = "xfs"
    _tools: ClassVar = {"mkfs.xfs": "xfsprogs", "xfs_db": "xfsprogs"}
    _traits = Traits(
        longest_label=12,
        tool_options=ToolOptions(short="b:c:d:i:l:L:m:n:KNp:qr:s:CfV", words=_WORDS),
        refused={"-p": CONTENT, **dict.fromkeys(("-N", "-b", "-c", "-n", "-r"), "")},
        block_option="-s",
        least=300 * 2**20,
        grub_module="xfs",
        can_grow=True,
        is_checked=False,
    )

    def _uuid_arguments(self) -> tuple[str, ...]:
        return ("-m", f"uuid={self.uuid}") if self.uuid else ()


def mkxfs(
    device: BlockDevice, *, label: str = "", uuid: str = "", options: tuple[str, ...] = ()
) -> Xfs:
    """Format a partition or a volume with XFS, of at least 300 MiB. `label` is at most 12 bytes.

    `uuid` is derived from the step, if not given. `options` are further arguments of mkfs.xfs,
    which override those of vmdsl. Blocks are of 4096 bytes, and there is no realtime section.
    """
    if any("uuid=" in word for word in options):
        raise refuse(
            "mkfs.xfs's option uuid= among the options",
            GIVE_UUID,
            about="options",
            code="tool-option",
        )
    if " " in label:
        raise refuse(
            f"the label {label!r} has a space",
            "labels of XFS have no spaces",
            about="label",
            code="label",
        )
    return record_filesystem(
        Xfs(device=device, label=label, uuid=check_uuid(uuid), options=options)
    )
