"""Stand-ins for GRUB's programs that ask which disk the system is on.

The real ones would find the disk of this machine, where the image's layout is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vmdsl.language.effects import ImageOperation
from vmdsl.language.handles import Gpt, partitions_below
from vmdsl.language.layout import (
    DISK,
    Layout,
    LuksLayout,
    MountLayout,
    PartitionLayout,
    VolumeLayout,
    device_name,
    device_names,
)
from vmdsl.operations.boot_loaders.grub.core import bare_uuid, grub_name, modules_below
from vmdsl.operations.boot_loaders.grub.install import install_script
from vmdsl.operations.scripts.stand_ins import find_real

_PROBE = """\
#!/bin/sh
# Answers from the layout of the image: there is no device to ask.
target=fs path=/
hint= abstraction= drive= crypto=
while [ $# -gt 0 ]; do
    case $1 in
    --target=*) target=${1#*=} ;;
    -t | -m) [ "$1" = -m ] || target=$2; shift ;;
    -*) ;;
    *) path=$1 ;;
    esac
    shift
done
case $path in
@CASES@
esac
case $target in
device) echo "$device" ;;
disk) echo @DISK@ ;;
drive) echo "($drive)" ;;
fs) echo "$fs" ;;
fs_uuid) echo "$uuid" ;;
partuuid) echo "$partuuid" ;;
partmap) echo "$partmap" ;;
*_hint | *_hints) echo "${hint:-$drive}" ;;
abstraction) [ -z "$abstraction" ] || printf '%s\\n' $abstraction ;;
cryptodisk_uuid) [ -z "$crypto" ] || printf '%s\\n' $crypto ;;
fs_label) ;;
*) exit 1 ;;
esac
"""
_RELPATH = """\
#!/bin/sh
# The last argument, as a path in the filesystem that holds it.
for path; do :; done
path=$(realpath -m -- "$path")
case $path in
@CASES@
esac
echo "$path"
"""


#: grub-mkconfig names its grub-probe itself; the scripts that it starts take both from here.
_MKCONFIG = """\
#!/bin/sh
# The system's own grub-mkconfig, with the stand-ins beside this file.
@REAL@
[ -e "$real" ] || { echo "$0: $real is missing: install grub2-common" >&2; exit 127; }
here=${0%/*}
script=$(sed "s|^grub_probe=.*|grub_probe=$here/grub-probe|" "$real")
export grub_probe="$here/grub-probe" grub_mkrelpath="$here/grub-mkrelpath"
export GRUB_DISABLE_OS_PROBER=true
exec sh -c "$script" grub-mkconfig "$@"
"""


def stand_ins(layout: Layout, operations: Sequence[ImageOperation]) -> dict[str, str]:
    """Return the scripts by the names of the programs that they stand in for.

    `operations` are those that write to the finished image.
    """
    return {
        "grub-mkconfig": _MKCONFIG.replace("@REAL@", find_real("grub-mkconfig")),
        "grub-probe": probe_script(layout),
        "grub-mkrelpath": relpath_script(layout),
        "grub-install": install_script(layout, operations),
    }


def relpath_script(layout: Layout) -> str:
    """Return a stand-in for grub-mkrelpath: it prints where a path is in its filesystem."""
    cases = [f"{_below(m)}) {_inside(m)} ;;" for m in _deepest_first(layout)]
    return _RELPATH.replace("@CASES@", "\n".join(cases))


def _deepest_first(layout: Layout) -> list[MountLayout]:
    return sorted(layout.mounts, key=lambda m: len(m.path.parts), reverse=True)


def _prefix(mount: MountLayout) -> str:
    return str(mount.path).rstrip("/")


def _inside(mount: MountLayout) -> str:
    """Return the assignment of a path in the filesystem; a subvolume has one of its own there."""
    path = f"path=${{path#'{_prefix(mount)}'}}"
    if mount.inside == mount.inside.parent:
        return path
    return f"{path}; path='{mount.inside}'${{path%/}}"


def _below(mount: MountLayout) -> str:
    return f"'{mount.path}' | '{_prefix(mount)}'/*"


def probe_script(layout: Layout) -> str:
    """Return a stand-in for grub-probe that knows the image's layout alone."""
    mounts = _deepest_first(layout)
    cases = [f"{' | '.join(_names(mount))}) {_answers(layout, mount)} ;;" for mount in mounts]
    cases.append("/dev/*) exit 1 ;;")
    cases += [f"{_below(mount)}) {_answers(layout, mount)} ;;" for mount in mounts]
    return _PROBE.replace("@DISK@", DISK).replace("@CASES@", "\n".join(cases))


def _names(mount: MountLayout) -> tuple[str, ...]:
    return device_names(mount.filesystem.device)


def _words(words: Iterable[str]) -> str:
    return f"'{' '.join(words)}'"


def _answers(layout: Layout, mount: MountLayout) -> str:
    """Return what is known of a mount, as assignments of the script."""
    device = mount.filesystem.device
    table = partitions_below(mount.mounted.filesystem.device)[0].table
    partmap = "gpt" if isinstance(table, Gpt) else "msdos"
    known = {"device": device_name(device), "uuid": mount.filesystem.uuid, "partuuid": ""}
    if isinstance(device, PartitionLayout):
        known |= {"partuuid": device.uuid, "drive": f"hd0,{partmap}{device.number}"}
    elif isinstance(device, VolumeLayout):
        drive, hint = f"lvm/{device.volume.dm_name}", f"lvmid/{device.group.uuid}/{device.uuid}"
        known |= {"drive": drive, "hint": hint}
    elif isinstance(device, LuksLayout):
        known |= {"drive": f"cryptouuid/{bare_uuid(device)}"}
    known["crypto"] = _words(map(bare_uuid, layout.luks_below(mount)))
    known["abstraction"] = _words(modules_below(layout, mount))
    known |= {"fs": grub_name(mount), "partmap": partmap}
    return " ".join(f"{name}={value}" for name, value in known.items())
