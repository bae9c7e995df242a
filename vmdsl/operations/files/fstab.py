"""/etc/fstab, from the layout."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, get_args

from vmdsl.errors import Advice, Problem
from vmdsl.language.effects import Tree, TreeOperation
from vmdsl.language.handles import (
    Filesystem,
    Mounted,
    Msdos,
    Partition,
    RootFs,
    SwapFile,
    traits_of,
)
from vmdsl.language.layout import (
    FilesystemLayout,
    Layout,
    LuksLayout,
    MountLayout,
    PartitionLayout,
    device_name,
)
from vmdsl.language.operation import (
    Fact,
    Operation,
    one_of,
    operation,
    origin_of,
    record,
    refuse,
    shown_name,
    shown_with_line,
    warn,
)
from vmdsl.operations.disk.mount_options import what_is_wrong
from vmdsl.operations.disk.swap import Swap, is_random
from vmdsl.operations.files.files import replaced
from vmdsl.operations.packages.initramfs import renew_initramfs
from vmdsl.similar import closest

FstabName = Literal["uuid", "partuuid", "label", "partlabel"]


@operation
class Fstab(TreeOperation):
    """/etc/fstab with every mount and every swap of the recipe, and lines of its own.

    Where the recipe encrypts devices, there is /etc/crypttab too.
    """

    installs_anything = False

    by: FstabName = "uuid"
    extra: tuple[str, ...] = ()

    def summary(self) -> str:
        return "write /etc/fstab"

    def may_write(self, path: str) -> bool:
        return path in {"/etc/fstab", "/etc/crypttab"}

    def check_plan(self, operations: Sequence[Operation], *, complete: bool) -> Iterator[Problem]:
        """Report what has no name for its line, two with the same, and two lines for one place."""
        del complete
        yield from replaced(self, "/etc/fstab", operations)
        mounts = [o for o in operations if isinstance(o, Mounted)]
        swap = [o for o in operations if isinstance(o, Swap) and not is_random(o)]
        yield from self._check_names([*(m.filesystem for m in mounts), *swap])
        places = {str(mount.path): mount.name for mount in mounts}
        files = {str(o.path): o.name for o in operations if isinstance(o, SwapFile)}
        for line in self.extra:
            if name := files.get(line.split(maxsplit=1)[0]):
                yield self.problem(
                    f"extra= has a line for the swap file of {name}, which has one already",
                    "remove it",
                    about="extra",
                    code="mounted-twice",
                )
            place = place_of(line)
            if place.startswith("/") and place in places:
                yield self.problem(
                    f"{place} of extra= is the place of {places[place]} already",
                    "remove one of the two",
                    code="mounted-twice",
                )
            places[place] = "another line of extra="
            yield from self._check_label(line, operations)

    def _check_label(self, line: str, operations: Sequence[Operation]) -> Iterator[Problem]:
        """Report a label that is like that of a filesystem of the recipe, and is none's."""
        labels = [o.label for o in operations if isinstance(o, Filesystem) and o.label]
        name, _, label = line.split(maxsplit=1)[0].partition("=")
        if name == "LABEL" and label not in labels and (meant := closest(label, labels)):
            what = f"no filesystem of the recipe has the label {label}"
            yield self.problem(
                what, f"did you mean {meant}?", about="extra", kind=Advice, code="fstab-name"
            )

    def _check_names(self, named: Sequence[Filesystem]) -> Iterator[Problem]:
        if self.by in {"partuuid", "partlabel"}:
            for filesystem in named:
                if not isinstance(filesystem.device, Partition):
                    yield self.problem(
                        f"{shown_with_line(filesystem)} is not on a partition, "
                        "which fstab could name it by",
                        'use by="uuid" or by="label"',
                        code="fstab-name",
                    )
        seen: dict[str, Filesystem] = {}
        for filesystem in named if self.by in {"label", "partlabel"} else ():
            labelled: Filesystem | Partition = filesystem
            it = shown_name(filesystem)
            if self.by == "partlabel":
                if not isinstance(filesystem.device, Partition):
                    continue
                labelled, it = filesystem.device, f"the partition {shown_name(filesystem.device)}"
                if isinstance(labelled.table, Msdos):
                    what = "partitions of an MBR have no labels that fstab could name them by"
                    yield self.problem(what, 'use by="label" or by="partuuid"', code="fstab-name")
                    return
            if not labelled.label:
                yield self.problem(
                    f"{it} ({origin_of(labelled).where}) has no label for fstab to name it by",
                    'add label= there, or use by="uuid"',
                    code="fstab-name",
                )
            elif seen.setdefault(labelled.label, filesystem) is not filesystem:
                yield self.problem(
                    f"{it} ({origin_of(labelled).where}) has the label of another: "
                    f"{labelled.label}",
                    "give each one of its own",
                    code="fstab-name",
                )

    def apply(self, tree: Tree) -> None:
        tree.write("/etc/fstab", fstab_text(tree.layout, self.by, self.extra))
        if text := crypttab_text(tree.layout):
            tree.write("/etc/crypttab", text)
            if for_initramfs(tree.layout):
                renew_initramfs(tree)
        for mount in tree.layout.mounts:
            tree.mkdir(str(mount.path))
        for line in self.extra:
            if (place := place_of(line)).startswith("/"):
                tree.mkdir(place)


def fstab(
    root: RootFs,
    *,
    by: FstabName = "uuid",
    extra: Sequence[str] = (),
    unless: Fact | None = None,
) -> None:
    """Write /etc/fstab: all that the recipe mounts and all its swap, and make the mount points.

    `by` is what filesystems are named by: their UUID or label, or that of their partition. By
    label, each must have one. `extra` is more lines as they stand in the file:
    `extra=["tmpfs /tmp tmpfs size=1G,nosuid 0 0"]`. Their mount points are made, too.
    """
    one_of("by", by, get_args(FstabName))
    if isinstance(extra, str):
        raise refuse(
            "extra= is one text", f"make it a list: extra=[{extra!r}]", code="text-for-list"
        )
    for line in extra:
        _check_line(line)
    record(Fstab(root=root, by=by, extra=tuple(extra), unless=unless))


def fstab_text(layout: Layout, by: FstabName = "uuid", extra: Sequence[str] = ()) -> str:
    """Return the text of /etc/fstab. fsck checks the root first, then what else it can."""
    rows = [_row(m, by) for m in sorted(layout.mounts, key=lambda m: m.path)]
    rows += [
        f"{_source(f, by)} none swap sw 0 0"
        for f in layout.filesystems
        if isinstance(f.filesystem, Swap)
    ]
    rows += [f"{_escaped(str(f.swap_file.path))} none swap sw 0 0" for f in layout.swap_files]
    return "".join(f"{row}\n" for row in [*rows, *extra])


def crypttab_text(layout: Layout) -> str:
    """Return the text of /etc/crypttab. The running system asks for each passphrase.

    It asks early for those that the root is on; the word that says so makes the initramfs have
    what it takes, as there is no device here that its hook could look at.
    """
    early = for_initramfs(layout)
    rows = []
    for place in layout.luks:
        words = ("luks", "discard", *(("initramfs",) if place in early else ()))
        rows.append(f"{place.luks.dm_name} UUID={place.uuid} none {','.join(words)}\n")
    for one in layout.filesystems:
        if is_random(one.filesystem):
            is_partition = isinstance(one.device, PartitionLayout)
            device = f"PARTUUID={one.partition.uuid}" if is_partition else device_name(one.device)
            rows.append(f"{_random_name(one)} {device} /dev/urandom {_RANDOM}\n")
    return "".join(rows)


def _random_name(swap: FilesystemLayout) -> str:
    """Return the name below /dev/mapper of swap space with a random key."""
    return f"swap-{swap.uuid[:8]}"


def for_initramfs(layout: Layout) -> list[LuksLayout]:
    """Return the encrypted devices that the initramfs opens: those with the root or /usr."""
    early = [mount for mount in layout.mounts if str(mount.path) in _EARLY]
    return [place for mount in early for place in layout.luks_below(mount)]


def place_of(line: str) -> str:
    """Return the mount point of a line, as it is in the tree."""
    place = line.split()[1]
    place = place.replace(r"\040", " ").replace(r"\011", "\t").replace(r"\134", "\\")
    return f"/{posixpath.normpath(place).lstrip('/')}" if place.startswith("/") else place


def _row(mount: MountLayout, by: FstabName) -> str:
    root = str(mount.path) == "/"
    filesystem = mount.filesystem.filesystem
    traits = traits_of(filesystem)
    usual = (root and traits.root_options) or traits.usual_options
    given = mount.mounted.options or (usual,)
    named = mount.subvolume and "subvol" not in {word.partition("=")[0] for word in given}
    options = ",".join((*given, *((f"subvol={mount.subvolume}",) if named else ())))
    turn = 0 if not traits.is_checked else 1 if root else 2
    fields = _source(mount.filesystem, by), _escaped(str(mount.path)), filesystem.kind, options
    return f"{' '.join(fields)} 0 {turn}"


def _source(place: FilesystemLayout, by: FstabName) -> str:
    if is_random(place.filesystem):
        return f"/dev/mapper/{_random_name(place)}"
    if by == "uuid":
        name = place.uuid
    elif by == "label":
        name = place.filesystem.label
    else:  # by what only partitions have
        name = place.partition.uuid if by == "partuuid" else place.partition.partition.label
    return f"{by.upper()}={_escaped(name)}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\134").replace(" ", r"\040").replace("\t", r"\011")


def _check_line(line: str) -> None:
    fields = line.split()
    hint = 'write it as in the file: "tmpfs /tmp tmpfs size=1G 0 0"'
    if "\n" in line or line.startswith("#") or not 4 <= len(fields) <= 6:  # noqa: PLR2004
        raise refuse(
            f"{line!r} is not a line of fstab: it has four to six fields", hint, code="fstab-line"
        )
    if any(not number.isdecimal() for number in fields[4:]):
        raise refuse(
            f"{line!r} is not a line of fstab: fields five and six are numbers",
            hint,
            code="fstab-line",
        )
    if not place_of(line).startswith("/") and (fields[2], fields[1]) not in _PLACELESS:
        raise refuse(
            f"{line!r} is not a line of fstab: {fields[1]!r} is not an absolute path",
            hint,
            code="fstab-line",
        )
    if ".." in fields[1].split("/"):
        raise refuse(
            f"{fields[1]!r} is not a place to mount at",
            "write it as it is in the system",
            code="fstab-line",
        )
    _check_source(fields[0])
    _check_place(place_of(line), fields[2])
    _check_kind(fields[2])
    for option in fields[3].split(","):
        other, meant = what_is_wrong(option, fields[2])
        if other or meant:
            hint = f"did you mean {meant}?" if meant else f"it is one of {other}"
            warn(
                f"{fields[2]} may have no mount option {option!r}",
                hint,
                about="extra",
                code="mount-option",
            )


def _check_source(source: str) -> None:
    """Refuse a name of a filesystem that cannot be one, and a misspelt word before it."""
    word, equals, name = source.partition("=")
    if not equals or "/" in word or ":" in word:
        return
    if word in _NAMED_BY and (not name or (word == "UUID" and not _UUID.fullmatch(name))):
        hint = f"write it as blkid shows it, or use by={word.lower()!r} for the recipe's own"
        raise refuse(f"{source!r} does not name a filesystem", hint, code="fstab-line")
    if word not in _NAMED_BY and (meant := closest(word, _NAMED_BY)):
        what = f"{source!r} does not name a filesystem: fstab does not know {word}="
        raise refuse(what, f"did you mean {meant}={name}?", code="fstab-line")


def _check_place(place: str, kind: str) -> None:
    """Refuse a filesystem in place of one that the running system has there."""
    for folder, (own, others) in _OF_THE_SYSTEM.items():
        is_other = kind not in (*_SHOWN_AGAIN, own)
        if (place == folder and is_other) or (
            place.startswith(f"{folder}/") and others and is_other and kind not in others
        ):
            what = f"{kind} at {place} would be in the place of the running system's own {folder}"
            raise refuse(what, "mount it elsewhere, such as /srv", code="mount-point")
    if place in _NEEDED_EARLY and kind not in (*_SHOWN_AGAIN, "overlay"):
        what = f"{kind} at {place} would hide the system's own files"
        raise refuse(what, "mount it elsewhere, such as /srv", code="mount-point")


def _check_kind(kind: str) -> None:
    """Warn of a type of filesystem that is like one that Linux has, and none of them."""
    if kind not in _KINDS and not kind.startswith("fuse.") and (meant := closest(kind, _KINDS)):
        what = f"Linux may have no filesystem {kind}"
        warn(what, f"did you mean {meant}?", about="extra", code="fstab-line")


#: Types of filesystems that a line of fstab is likely to have.
_KINDS = (
    *("ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "vfat", "msdos", "exfat", "ntfs", "ntfs3"),
    *("tmpfs", "ramfs", "proc", "sysfs", "devpts", "devtmpfs", "swap", "none", "auto", "bind"),
    *("nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "ceph", "overlay", "squashfs", "erofs"),
    *("iso9660", "udf", "jfs", "nilfs2", "bcachefs", "zfs", "reiserfs", "hfsplus", "debugfs"),
    *("tracefs", "securityfs", "configfs", "hugetlbfs", "mqueue", "binfmt_misc", "efivarfs"),
    *("cgroup", "cgroup2", "fuse", "fuseblk", "sshfs", "davfs", "glusterfs", "ubifs", "jffs2"),
)
_NAMED_BY = ("UUID", "LABEL", "PARTUUID", "PARTLABEL", "ID")
_UUID = re.compile(r"[0-9A-Fa-f-]+")
#: A directory that is elsewhere, too.
_SHOWN_AGAIN = ("none", "bind", "auto")
#: The running system's own filesystems, with those that may be below each: any, if none is named.
_OF_THE_SYSTEM: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "/proc": ("proc", ("binfmt_misc", "nfsd", "fuse", "fuse.lxcfs")),
    "/sys": (
        "sysfs",
        (
            *("debugfs", "tracefs", "securityfs", "configfs", "efivarfs", "cgroup", "cgroup2"),
            *("pstore", "bpf", "fusectl", "selinuxfs", "tmpfs"),
        ),
    ),
    "/dev": ("devtmpfs", ("devpts", "tmpfs", "ramfs", "hugetlbfs", "mqueue")),
    "/run": ("tmpfs", ()),
    "/var/run": ("tmpfs", ()),
}
_NEEDED_EARLY = frozenset(
    ("/bin", "/sbin", "/lib", "/lib64", "/etc", "/usr", "/usr/bin", "/usr/sbin", "/usr/lib")
)
#: Of swap space with a random key, in crypttab.
_RANDOM = "plain,swap,cipher=aes-xts-plain64,size=512"
#: The places of filesystems that an initramfs mounts.
_EARLY = frozenset(("/", "/usr"))
_PLACELESS = {("swap", "none"), ("swap", "swap")}
