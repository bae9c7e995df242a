"""A root filesystem that grows when it finds itself on a larger disk."""

from __future__ import annotations

from collections.abc import Iterator

from vmdsl.errors import BuildError, Problem
from vmdsl.language.effects import Tree, TreeOperation
from vmdsl.language.handles import LogicalVolume, Partition, RootFs, traits_of
from vmdsl.language.layout import Layout
from vmdsl.language.operation import Fact, operation, origin_of, record, shown_name

_PROGRAM = "/usr/local/sbin/grow-root"
_UNIT = "grow-root.service"
#: What the program starts, and the package of each. All are in a system that isn't minbase.
_NEEDED = {"/sbin/sfdisk": "fdisk", "/lib/systemd/systemd-growfs": "systemd"}

#: What it starts besides, if the root is on a volume.
_NEEDED_FOR_VOLUMES = {"/sbin/lvm": "lvm2"}

_SCRIPT = """\
#!/bin/sh
# Makes the root's partition, and the filesystem on it, as large as the disk allows.
set -eu
device=$(findmnt --noheadings --nofsroot --output SOURCE /)
"""
_GROW_PARTITION = """\
place=$(readlink -f "/sys/class/block/${device##*/}")
disk=${place%/*}
read -r number <"$place/partition"
read -r start <"$place/start"
read -r size <"$place/size"
read -r whole <"$disk/size"
# In sectors of 512 bytes. Up to 1 MiB stays free at the end, where a GPT has its copy.
if [ $((whole - start - size)) -gt 2048 ]; then
    echo ', +' |
        sfdisk --quiet --lock=yes --no-reread --no-tell-kernel -N "$number" "/dev/${disk##*/}"
    partx --update --nr "$number" "/dev/${disk##*/}"
fi
"""
_GROW_FILESYSTEM = """\
exec /lib/systemd/systemd-growfs /
"""
_FIND_PARTITION = """\
volume=$device
# The partition of the volume group that is the last one on the disk of the image.
device=$(lvm pvs --noheadings --options pv_name --select pv_uuid=@UUID@ | tr -d ' ')
device=$(readlink -f "$device")
extents() { lvm pvs --noheadings --options pv_pe_count "$device" | tr -d ' '; }
"""
#: What was free in the group before stays so.
_GROW_VOLUME = """\
before=$(extents)
lvm pvresize "$device"
more=$(($(extents) - before))
[ "$more" -eq 0 ] || lvm lvextend --extents "+$more" "$volume"
"""
_SERVICE = f"""\
[Unit]
Description=Grow the root filesystem to the end of the disk
DefaultDependencies=no
Conflicts=shutdown.target
After=systemd-remount-fs.service systemd-udevd.service
Before=sysinit.target shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={_PROGRAM}

[Install]
WantedBy=sysinit.target
"""


@operation
class GrowRoot(TreeOperation):
    """A unit that grows the root filesystem when the system starts."""

    installs_anything = False

    def summary(self) -> str:
        return "grow the root filesystem when the system starts"

    def check_layout(self, layout: Layout) -> Iterator[Problem]:
        """Report a root filesystem that cannot grow, or that has no room to grow into."""
        root = self.root.mounted.filesystem
        if not traits_of(root).can_grow:
            yield self.problem(
                f"{root.kind} cannot grow while it is in use",
                "format it with ext4",
                code="cannot-grow",
            )
        partition = self._partition(layout)
        if partition is None:
            yield self.problem(
                f"{shown_name(root)} cannot grow: it is on {shown_name(root.device)}, "
                "and what is encrypted does not grow",
                "leave this out, or format a partition",
                code="cannot-grow",
            )
            return
        if partition.extended is not None:
            yield self.problem(
                f"{shown_name(partition)} cannot grow: it is in an extended partition",
                "give the root a partition that isn't, after all others",
                code="cannot-grow",
            )
        if isinstance(root.device, LogicalVolume) and root.device.stripes:
            yield self.problem(
                f"{shown_name(root.device)} cannot grow: its stripes are on several devices, "
                "and one of these grows",
                "leave this out, or leave out stripes=",
                code="cannot-grow",
            )
        place = layout.of_partition(partition)
        behind = [p.partition for p in layout.partitions if p.start > place.start]
        for other in behind[:1]:
            yield self.problem(
                f"{shown_name(partition)} cannot grow: "
                f"{shown_name(other)} is behind it on the disk ({origin_of(other).where})",
                f"make {shown_name(partition)} after all others",
                code="cannot-grow",
            )

    def _partition(self, layout: Layout) -> Partition | None:
        """Return the partition that grows: of a volume group, the last one on the disk."""
        device = self.root.mounted.filesystem.device
        devices = device.group.devices if isinstance(device, LogicalVolume) else (device,)
        partitions = [one for one in devices if isinstance(one, Partition)]
        return max(partitions, key=lambda p: layout.of_partition(p).start, default=None)

    def apply(self, tree: Tree) -> None:
        physical = self._physical(tree)
        needed = _NEEDED | _NEEDED_FOR_VOLUMES if physical else _NEEDED
        for path, package in needed.items():
            if not tree.exists(path):
                raise BuildError(
                    f"the system has no {path}: install the package {package} first",
                    code="not-installed",
                )
        parts = [_SCRIPT, _GROW_PARTITION, _GROW_FILESYSTEM]
        if physical:
            find = _FIND_PARTITION.replace("@UUID@", physical)
            parts = [_SCRIPT, find, _GROW_PARTITION, _GROW_VOLUME, _GROW_FILESYSTEM]
        tree.write(_PROGRAM, "".join(parts), mode=0o755)
        tree.write(f"/etc/systemd/system/{_UNIT}", _SERVICE)
        tree.chroot("systemctl", "enable", _UNIT)

    def _physical(self, tree: Tree) -> str:
        """Return the UUID that LVM knows the partition by, if the root is on a volume, or ""."""
        if not isinstance(self.root.mounted.filesystem.device, LogicalVolume):
            return ""
        layout = tree.layout
        partition = self._partition(layout)
        pairs = (zip(g.group.devices, g.physical, strict=True) for g in layout.groups)
        return next((uuid for group in pairs for one, uuid in group if one is partition), "")


def grow_root(root: RootFs, *, unless: Fact | None = None) -> None:
    """Let the root filesystem grow to the end of the disk whenever the system starts.

    So an image can be small, and fill whatever disk it is copied to. Both the partition, of a GPT
    or an MBR, and the filesystem grow: ext2, ext3, ext4, XFS or Btrfs. The root's partition must be
    the last one of the disk. A root on a volume of LVM gets all that its group gains. The system
    takes the packages `fdisk` and `systemd`, which all variants but `minbase` have.
    """
    record(GrowRoot(root=root, unless=unless))
