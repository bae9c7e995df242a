"""Stand-ins for programs that ask which device the root filesystem is on.

The real ones would find this machine's devices, or overlayfs, where the image's layout is meant.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from vmdsl.language.layout import Layout, MountLayout

#: The directory of all stand-ins, in the tree and nowhere else. It is first in each PATH.
PLACE = PurePosixPath("/dev/vmdsl")
#: The folder in it of real programs whose place a stand-in has for a while.
REAL = "real"
#: The folder in it of the sandbox's rules of binfmt_misc, if it has any.
SWITCHES = "rules"
_PLACES = ("/usr/bin", "/bin", "/sbin", "/usr/sbin")
_FINDMNT = """\
#!/bin/sh
# The system's own findmnt, which finds the filesystems of the image in their places.
@REAL@
for word; do
    case $word in
    -[skmFNxpVh] | --fstab | --kernel* | --mtab | --tab-file* | --task* | --verify | --poll* | \\
        --version | --help) exec "$real" "$@" ;;
    esac
done
{
    cat <<'END'
@MOUNTS@
END
    while read -r source place rest; do
        case $place in
        @PLACES@) ;;
        *) printf '%s\\n' "$source $place $rest" ;;
        esac
    done </proc/self/mounts
} | "$real" --tab-file /proc/self/fd/0 "$@"
"""


def places_of(name: str) -> list[str]:
    """Return where a program of the system may be."""
    return [f"{place}/{name}" for place in _PLACES]


def find_real(name: str) -> str:
    """Return lines of shell for a stand-in, which set `real` to the program of its name."""
    return f"""\
for real in "${{0%/*}}/{REAL}/{name}" {" ".join(places_of(name))}; do
    [ ! -x "$real" ] || break
done"""


#: Of a recipe's own script, the rules are off by which programs of this machine run in place of
#: emulated ones. The drivers that MODULES=dep takes are those of the disk of this machine.
_MKINITRAMFS = f"""\
#!/bin/sh
# The system's own mkinitramfs. With MODULES=dep it would take what this machine's disk needs, and
# so would its hooks; the machine that the image is for may need any drivers.
{find_real("mkinitramfs")}
[ -e "$real" ] || {{ echo "$0: $real is missing: install initramfs-tools" >&2; exit 127; }}
all="echo 'vmdsl: MODULES=most instead of dep: this is not the machine for it' >\\&2"
script=$(sed "s|^[[:space:]]*dep_add_modules\\$|$all; MODULES=most; auto_add_modules|" "$real")
switch() {{ for rule in $off; do echo "$1" >"$rule"; done; }}
off=$(grep -lsx disabled "${{0%/*}}/{SWITCHES}/vmdsl-"*)
switch 1
@COPY@sh -c "$script" "$real" "$@"
code=$?
@REMOVE@switch 0
exit "$code"
"""
#: Programs of 32 bits may find directories of a disk empty, as `PackageCache.listable` says.
_COPY = """\
modules=/usr/lib/modules copy=
if [ -d "$modules" ] && [ "$(stat -f -c %T "$modules")" != tmpfs ]; then
    copy=$(mktemp -d "${0%/*}/modules-XXXXXX")
    cp -a "$modules/." "$copy" && mount --bind "$copy" "$modules" || exit
fi
"""
_REMOVE = """\
if [ "$copy" ]; then
    umount --lazy "$modules"
    rm -rf "$copy"
fi
"""


def mkinitramfs_script(*, copies_modules: bool = False) -> str:
    """Return a stand-in for mkinitramfs, which may have the kernel's modules copied to memory."""
    copy, remove = (_COPY, _REMOVE) if copies_modules else ("", "")
    return _MKINITRAMFS.replace("@COPY@", copy).replace("@REMOVE@", remove)


def findmnt_script(layout: Layout) -> str:
    """Return a stand-in for findmnt; it names filesystems by their UUIDs, as /etc/fstab does."""
    mounts = sorted(layout.mounts, key=lambda m: len(m.path.parts))
    lines = "\n".join(map(_line, mounts))
    places = " | ".join(f"'{_escaped(m)}'" for m in mounts)
    script = _FINDMNT.replace("@REAL@", find_real("findmnt"))
    return script.replace("@MOUNTS@", lines).replace("@PLACES@", places)


def _line(mount: MountLayout) -> str:
    kind = mount.filesystem.filesystem.kind
    inside = f",subvol={mount.inside}" if mount.filesystem.subvolumes else ""
    return f"UUID={mount.filesystem.uuid} {_escaped(mount)} {kind} rw,relatime{inside} 0 0"


def _escaped(mount: MountLayout) -> str:
    return str(mount.path).replace("\\", "\\134").replace(" ", "\\040")
