"""Stand-ins for blkid, lsblk and df, which would ask this machine's devices, or overlayfs."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote

from vmdsl.language.handles import Gpt
from vmdsl.language.layout import (
    DISK,
    DeviceLayout,
    Layout,
    LuksLayout,
    PartitionLayout,
    VolumeLayout,
    device_name,
    device_names,
)
from vmdsl.operations.scripts.stand_ins import find_real

_START = """\
#!/bin/sh
# Answers from the layout of the image: there is no device to ask.
@REAL@
all='@ALL@'
# Set the variables to what is known of a device, or fail.
find() {
    uuid= label= type= partuuid= partlabel= partn= pttype= ptuuid= place= of= kind= kernel= parent=
    case $1 in
@DEVICES@
    *) return 1 ;;
    esac
}
own() { [ -f "$1" ] && case $1 in /dev/*) false ;; esac; }
refuse() {
    echo "${0##*/}: vmdsl answers from the layout of the image, and not $1." \\
        "Its devices are: $all" >&2
    exit 4
}
"""
_BLKID = """\
tags= format=full token= devices= first=
while [ $# -gt 0 ]; do
    option=${1%%=*} value=${1#*=}
    case $1 in
    -[sotULcn] | --match-tag | --output | --match-token | --uuid | --label | --cache-file)
        [ $# -gt 1 ] || exec "$real" "$@"
        value=$2; shift ;;
    -[sotULcn]?*) value=${1#-?} option=${1%"$value"} ;;
    esac
    case $option in
    -s | --match-tag) tags="$tags $value" ;;
    -o | --output) format=$value ;;
    -t | --match-token) token=$value ;;
    -U | --uuid) token=UUID=$value first=y format=device ;;
    -L | --label) token=LABEL=$value first=y format=device ;;
    -l | --list-one) first=y ;;
    -c | --cache-file | -p | --probe | -g | --garbage-collect | -d | --no-encoding) ;;
    -V | --version | -h | --help) exec "$real" "$@" ;;
    -*) refuse "with $1" ;;
    *)
        if own "$1"; then exec "$real" -o "$format" ${tags:+-s$tags} -- "$1"; fi
        devices="$devices $1"
        find "$1" || refuse "about $1" ;;
    esac
    shift
done
case $format in full | value | export | device) ;; *) refuse "in the format $format" ;; esac

tag() {
    case $1 in
    UUID) tag=$uuid ;;
    LABEL) tag=$label ;;
    TYPE) tag=$type ;;
    PARTUUID) tag=$partuuid ;;
    PARTLABEL) tag=$partlabel ;;
    PTUUID) tag=$ptuuid ;;
    PTTYPE) tag=$pttype ;;
    *) tag= ;;
    esac
}

code=2
for device in ${devices:-$all}; do
    find "$device"
    if [ -n "$token" ]; then
        tag "${token%%=*}"
        [ "$tag" = "${token#*=}" ] || continue
    fi
    line= found=
    for name in ${tags:-LABEL UUID TYPE PARTLABEL PARTUUID PTUUID PTTYPE}; do
        tag "$name"
        [ -n "$tag" ] || continue
        [ "$format$found" != export ] || echo "DEVNAME=$of"
        found=y
        case $format in
        value) printf '%s\\n' "$tag" ;;
        export) printf '%s=%s\\n' "$name" "$tag" ;;
        full) line="$line $name=\\"$tag\\"" ;;
        esac
    done
    [ -n "$found" ] || continue
    case $format in
    full) printf '%s:%s\\n' "$of" "$line" ;;
    device) echo "$of" ;;
    esac
    code=0
    [ -z "$first" ] || break
done
exit "$code"
"""
_LSBLK = """\
columns= heading=y devices= alone= paths= pairs=
while [ $# -gt 0 ]; do
    case $1 in
    -V | --version | -h | --help | --list-columns) exec "$real" "$@" ;;
    --output=*) columns=${1#*=} ;;
    --output) columns=${2-}; shift ;;
    --noheadings) heading= ;;
    --nodeps) alone=y ;;
    --paths) paths=y ;;
    --pairs) pairs=y ;;
    --fs) columns=NAME,FSTYPE,LABEL,UUID,MOUNTPOINTS ;;
    --all | --list | --raw | --ascii | --bytes) ;;
    --*) refuse "with $1" ;;
    -?*)
        letters=${1#-}
        while [ -n "$letters" ]; do
            rest=${letters#?}
            case ${letters%"$rest"} in
            o) columns=$rest rest=; [ -n "$columns" ] || { columns=${2-}; shift; } ;;
            n) heading= ;;
            d) alone=y ;;
            p) paths=y ;;
            P) pairs=y ;;
            f) columns=NAME,FSTYPE,LABEL,UUID,MOUNTPOINTS ;;
            [alrTib]) ;;
            *) refuse "with -${letters%"$rest"}" ;;
            esac
            letters=$rest
        done ;;
    *) find "$1" || refuse "about $1"
        devices="$devices $of"
        [ -n "$alone" ] || [ "$of" != @DISK@ ] || devices=$all ;;
    esac
    shift
done
[ -n "$devices" ] || devices=$all
[ -z "$alone" ] || [ "$devices" != "$all" ] || devices=@DISK@
columns=$(printf %s "${columns:-NAME,TYPE,MOUNTPOINTS}" | tr 'a-z,' 'A-Z ')

cell() {
    [ -n "$paths" ] && folder=/dev/ || folder=
    case $1 in
    NAME) [ -n "$paths" ] && cell=$of || cell=${of##*/} ;;
    KNAME) cell=$folder$kernel ;;
    PATH) cell=$of ;;
    PKNAME) cell=${parent:+$folder$parent} ;;
    TYPE) cell=$kind ;;
    UUID) cell=$uuid ;;
    LABEL) cell=$label ;;
    FSTYPE) cell=$type ;;
    PARTUUID) cell=$partuuid ;;
    PARTLABEL) cell=$partlabel ;;
    PTUUID) cell=$ptuuid ;;
    PTTYPE) cell=$pttype ;;
    PARTN) cell=$partn ;;
    MOUNTPOINT | MOUNTPOINTS) cell=$place ;;
    *) refuse "with the column $1" ;;
    esac
}

find @DISK@
for name in $columns; do cell "$name"; done
if [ -n "$heading" ] && [ -z "$pairs" ]; then echo "$columns"; fi
for device in $devices; do
    find "$device"
    line=
    for name in $columns; do
        cell "$name"
        if [ -n "$pairs" ]; then cell="$name=\\"$cell\\""; fi
        line="$line$cell "
    done
    printf '%s\\n' "${line% }"
done
"""
_DF = """\
#!/bin/sh
# The system's own df; where it finds the tree, it names the filesystems of the image.
@REAL@
# Set the variables to the filesystem of the image that holds a path.
find() {
    case $1 in
@PLACES@
    esac
}
# Note the change of a line of what df prints.
note() {
    find "$2"
    edit="$edit $1{"
    for column in $(printf %s "$columns" | tr , ' '); do
        case $column in
        source) edit="${edit}s|overlay|$of|;" ;;
        fstype) edit="${edit}s|overlay|$type|;" ;;
        target) edit="${edit}s|/\\$|$place|;" ;;
        esac
    done
    edit="$edit}
"
}

columns=source,target skip=
for word; do
    case $word in
    --version | --help) exec "$real" "$@" ;;
    --output) columns=source,fstype,target ;;
    --output=*) columns=${word#*=} ;;
    --print-type) columns=source,fstype,target ;;
    --*) ;;
    -*T*) columns=source,fstype,target ;;
    esac
done
number=1 edit=
for word; do
    case $skip$word in
    -B | -t | -x | --block-size | --type | --exclude-type) skip=/ ;;
    -?*) ;;
    *)
        [ -n "$skip" ] || [ ! -e "$word" ] || {
            number=$((number + 1))
            note "$number" "$(realpath -- "$word")"
        }
        skip= ;;
    esac
done
[ -n "$edit" ] || note '/^overlay/' /
code=0
lines=$("$real" "$@") || code=$?
printf '%s\\n' "$lines" | sed "$edit"
exit "$code"
"""


def blkid_script(layout: Layout) -> str:
    """Return a stand-in for blkid that knows the image's devices alone."""
    return _filled("blkid", _BLKID, layout)


def lsblk_script(layout: Layout) -> str:
    """Return a stand-in for lsblk that knows the image's devices alone."""
    return _filled("lsblk", _LSBLK, layout)


def df_script(layout: Layout) -> str:
    """Return a stand-in for df that names the filesystems of the image. Sizes are those of now."""
    cases = [
        f"    {quote(place)} | {quote(place.rstrip('/'))}/*) of={device_name(f.device)}"
        f" type={f.filesystem.kind} place={quote(place)} ;;"
        for mount in sorted(layout.mounts, key=lambda m: len(m.path.parts), reverse=True)
        for place, f in [(str(mount.path), mount.filesystem)]
    ]
    return _DF.replace("@REAL@", find_real("df")).replace("@PLACES@", "\n".join(cases))


def _filled(name: str, script: str, layout: Layout) -> str:
    known = [_known_of_disk(layout), *(_known(layout, p) for p in layout.partitions)]
    known += [_known(layout, one) for one in _mapped(layout)]
    cases = [
        f"    {' | '.join(map(quote, names))})\n"
        f"        {' '.join(f'{k}={quote(v)}' for k, v in one.items() if v)} ;;"
        for names, one in known
    ]
    values = {
        "REAL": find_real(name),
        "DISK": DISK,
        "ALL": " ".join(one["of"] for _, one in known),
        "DEVICES": "\n".join(cases),
    }
    script = _START + script
    for word, value in values.items():
        script = script.replace(f"@{word}@", value)
    return script


#: The names of a device, and what is known of it, by the names of the script's variables.
_Known = tuple[list[str], Mapping[str, str]]


def _known_of_disk(layout: Layout) -> _Known:
    known = {"of": DISK, "kind": "disk", "kernel": _last(DISK)}
    if layout.table is not None:
        known["pttype"] = "gpt" if isinstance(layout.table, Gpt) else "dos"
        known["ptuuid"] = layout.label_id.removeprefix("0x").lower()
    return [DISK], known


def _known(layout: Layout, device: DeviceLayout) -> _Known:
    """Return what blkid and lsblk find out about a device."""
    known = {"of": device_name(device), "kernel": _kernel_name(layout, device)}
    match device:
        case PartitionLayout():
            known |= {"kind": "part", "parent": _last(DISK), "partn": str(device.number)}
            known["partuuid"] = device.uuid.lower()
            if isinstance(layout.table, Gpt):
                known["partlabel"] = device.partition.label
        case LuksLayout():
            known |= {"kind": "crypt", "parent": _kernel_name(layout, device.device)}
        case VolumeLayout():
            first = device.segments[0].device if device.segments else 0
            below = device.group.devices[first]
            known |= {"kind": "lvm", "parent": _kernel_name(layout, below)}
    known |= _content(layout, device)
    names = [*device_names(device), f"/dev/{known['kernel']}"]
    for tag in ("uuid", "label", "partuuid", "partlabel"):
        if value := known.get(tag):
            names += [f"{tag.upper()}={value}", f"/dev/disk/by-{tag}/{value}"]
    return list(dict.fromkeys(names)), known


def _content(layout: Layout, device: DeviceLayout) -> dict[str, str]:
    """Return what blkid finds out about the content of a device."""
    for one in layout.filesystems:
        if one.device is device:
            filesystem = one.filesystem
            place = next((str(m.path) for m in layout.mounts if m.filesystem is one), "")
            known = {"uuid": one.uuid, "label": filesystem.label, "type": filesystem.kind}
            return {**known, "place": place}
    for luks in layout.luks:
        if luks.device is device:
            return {"uuid": luks.uuid, "label": luks.luks.label, "type": "crypto_LUKS"}
    for group in layout.groups:
        for below, uuid in zip(group.devices, group.physical, strict=True):
            if below is device:
                return {"uuid": uuid, "type": "LVM2_member"}
    return {}


def _kernel_name(layout: Layout, device: DeviceLayout) -> str:
    """Return the name in /sys of a device; those of the device mapper have numbers."""
    if isinstance(device, PartitionLayout):
        return _last(device_name(device))
    return f"dm-{next(n for n, one in enumerate(_mapped(layout)) if one is device)}"


def _mapped(layout: Layout) -> list[DeviceLayout]:
    """Return the devices of the device mapper."""
    return [*layout.luks, *layout.volumes]


def _last(path: str) -> str:
    return path.rpartition("/")[2]
