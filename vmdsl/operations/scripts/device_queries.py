"""Stand-ins for blkid, lsblk and df, which would ask this machine's devices, or overlayfs."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote

from vmdsl.language.handles import Gpt
from vmdsl.language.layout import Layout, PartitionLayout
from vmdsl.operations.scripts.stand_ins import find_real

_DISK = "/dev/vda"
_START = """\
#!/bin/sh
# Answers from the layout of the image: there is no device to ask.
@REAL@
all='@ALL@'
# Set the variables to what is known of a device, or fail.
find() {
    uuid= label= type= partuuid= partlabel= pttype= ptuuid= place= of=
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
    NAME | KNAME) cell=$folder${of#/dev/} ;;
    PATH) cell=$of ;;
    PKNAME) [ "$of" = @DISK@ ] && cell= || cell=${folder}vda ;;
    TYPE) [ "$of" = @DISK@ ] && cell=disk || cell=part ;;
    UUID) cell=$uuid ;;
    LABEL) cell=$label ;;
    FSTYPE) cell=$type ;;
    PARTUUID) cell=$partuuid ;;
    PARTLABEL) cell=$partlabel ;;
    PTUUID) cell=$ptuuid ;;
    PTTYPE) cell=$pttype ;;
    PARTN) [ "$of" = @DISK@ ] && cell= || cell=${of#@DISK@} ;;
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
        f"    {quote(place)} | {quote(place.rstrip('/'))}/*) of={_DISK}{f.partition.number}"
        f" type={f.filesystem.kind} place={quote(place)} ;;"
        for mount in sorted(layout.mounts, key=lambda m: len(m.path.parts), reverse=True)
        for place, f in [(str(mount.path), mount.filesystem)]
    ]
    return _DF.replace("@REAL@", find_real("df")).replace("@PLACES@", "\n".join(cases))


def _filled(name: str, script: str, layout: Layout) -> str:
    devices = [_DISK, *(f"{_DISK}{partition.number}" for partition in layout.partitions)]
    known = [_known_of_disk(layout), *(_known(layout, p) for p in layout.partitions)]
    cases = [
        f"    {' | '.join(map(quote, _names(device, one)))})\n"
        f"        of={device} {' '.join(f'{k}={quote(v)}' for k, v in one.items() if v)} ;;"
        for device, one in zip(devices, known, strict=True)
    ]
    values = {
        "REAL": find_real(name),
        "DISK": _DISK,
        "ALL": " ".join(devices),
        "DEVICES": "\n".join(cases),
    }
    script = _START + script
    for word, value in values.items():
        script = script.replace(f"@{word}@", value)
    return script


def _known_of_disk(layout: Layout) -> dict[str, str]:
    if layout.table is None:
        return {}
    kind = "gpt" if isinstance(layout.table, Gpt) else "dos"
    return {"pttype": kind, "ptuuid": layout.label_id.removeprefix("0x").lower()}


def _known(layout: Layout, partition: PartitionLayout) -> dict[str, str]:
    """Return what blkid finds on a partition, by the names of the script's variables."""
    known = {"partuuid": partition.uuid.lower()}
    if isinstance(layout.table, Gpt):
        known["partlabel"] = partition.partition.label
    for one in layout.filesystems:
        if one.device is partition:
            filesystem = one.filesystem
            known |= {"uuid": one.uuid, "label": filesystem.label, "type": filesystem.kind}
            known["place"] = next((str(m.path) for m in layout.mounts if m.filesystem is one), "")
    return known


def _names(device: str, known: Mapping[str, str]) -> list[str]:
    """Return all that names a device: itself, its tags, and the links of udev."""
    names = [device]
    for tag in ("uuid", "label", "partuuid", "partlabel"):
        if value := known.get(tag):
            names += [f"{tag.upper()}={value}", f"/dev/disk/by-{tag}/{value}"]
    return names
