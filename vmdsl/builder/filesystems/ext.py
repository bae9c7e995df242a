"""ext2, ext3 and ext4, made straight from a directory by mke2fs."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vmdsl.builder.filesystems.contents import File
from vmdsl.builder.filesystems.ext_disk import Shape, allocations, paths_of, with_holes
from vmdsl.builder.filesystems.kinds import Kind, Need, Room
from vmdsl.builder.filesystems.target import Target
from vmdsl.builder.filesystems.used import used_bytes
from vmdsl.errors import BuildError
from vmdsl.language.handles import own_arguments
from vmdsl.language.operation import problem_in

_SHOWN = 10

#: Our own configuration, so that the host's doesn't matter: no feature that GRUB or a kernel of
#: Debian 11 cannot read.
_CONFIGURATION = """\
[defaults]
    base_features = sparse_super,large_file,filetype,resize_inode,dir_index,ext_attr
    default_mntopts = acl,user_xattr
    enable_periodic_fsck = 0
    blocksize = 4096
    inode_size = 256
    inode_ratio = 16384
[fs_types]
    ext3 = {
        features = has_journal
    }
    ext4 = {
        features = has_journal,extent,huge_file,flex_bg,metadata_csum,64bit,dir_nlink,extra_isize
    }
"""
_AT_ONCE = 1000  # inodes in a line of debugfs
_NO_BLOCK = "Could not allocate block"  # as debugfs says it
_FIRST_FREE = 11  # those before it are ext's own, but for the root
#: Kernels keep so many blocks of ext4, or a fiftieth of all if that is less, for themselves.
_KEPT_BLOCKS = 4096
_IN_INODE = 59  # bytes of a symlink's target that need no block
_NAME_HEAD = 8  # bytes of a directory's entry before the name
_DOTS = 24  # bytes of a directory's entries for itself and the one above
_IN_MAP = 12  # numbers of blocks in an inode without extents
_NUMBER = 4  # bytes of one in a block


def make_ext(target: Target, content: Path | None) -> Room:
    """Make the filesystem with the content of a directory, or empty."""
    filesystem = target.filesystem
    wanted = filesystem.filesystem
    configuration = target.tree.scratch / "mke2fs.conf"
    configuration.write_text(_CONFIGURATION, encoding="ascii")
    # Of several -E mke2fs takes the last, and so of several -O: what is wanted is put together.
    extended, options = gather("-E", [*own_arguments(wanted), *wanted.options])
    features, options = gather("-O", options)
    extended = [
        f"offset={target.offset}",
        f"hash_seed={filesystem.hash_seed}",
        "nodiscard",
        "lazy_itable_init=1",
        "lazy_journal_init=1",
        *extended,
    ]
    env = {"MKE2FS_CONFIG": str(configuration), "E2FSPROGS_FAKE_TIME": str(target.tree.epoch)}
    target.run(
        "mke2fs",
        "-q",
        "-F",
        "-t",
        wanted.kind,
        "-U",
        filesystem.uuid,
        *(["-L", wanted.label] if wanted.label else []),
        "-E",
        ",".join(extended),
        *(["-O", ",".join(features)] if features else []),
        *options,
        *(["-d", str(content)] if content else []),
        target.path,
        f"{target.size // 1024}k",
        env=env,
    )
    debugfs = _Debugfs(target=target, env=env)
    stats = debugfs.ask("stats")
    inodes = used_inodes(stats)
    missing = _missing_blocks(debugfs, content, Shape.shown(stats), inodes) if content else []
    _fix_metadata(debugfs, content, inodes, missing)
    if missing:
        stats = debugfs.ask("stats")
    return room_shown(stats, is_ext4=wanted.kind == "ext4")


def _used_by_ext(target: Target) -> list[tuple[int, int]]:
    return used_shown(target.run("dumpe2fs", target.path, logged=False))


def used_shown(said: str) -> list[tuple[int, int]]:
    """Return where there are blocks that are not free, by what dumpe2fs says."""
    numbers = dict(re.findall(r"^(Block count|Block size): +(\d+)$", said, re.MULTILINE))
    free = [
        (int(first), int(last or first) - int(first) + 1)
        for line in re.findall(r"^  Free blocks: (.*)$", said, re.MULTILINE)
        for first, last in re.findall(r"(\d+)(?:-(\d+))?", line)
    ]
    return used_bytes(free, block=int(numbers["Block size"]), count=int(numbers["Block count"]))


@dataclass(frozen=True, kw_only=True)
class _Debugfs:
    """debugfs, at work on a filesystem in the image."""

    target: Target
    env: Mapping[str, str]

    @property
    def _place(self) -> str:
        return f"{self.target.path}?offset={self.target.offset}"

    def ask(self, command: str) -> str:
        """Return what it says to a command."""
        return self.target.run("debugfs", "-R", command, self._place, env=self.env)

    def change(self, commands: Sequence[str]) -> None:
        """Run commands. Raises BuildError."""
        argv = ("debugfs", "-w", "-f", "-", self._place)
        script = "".join(f"{command}\n" for command in commands)
        said = self.target.run(*argv, stdin=script, env=self.env, logged=False)
        # It succeeds whatever it says: a line for each command, and more where one failed.
        errors = [line for line in said.splitlines() if line and not line.startswith("debugfs")]
        if any(_NO_BLOCK in line for line in errors):
            raise self.target.full()
        if errors:
            what = "debugfs could not set the times of its files"
            raise BuildError(
                problem_in(
                    self.target.filesystem.filesystem,
                    what,
                    "\n".join(errors[:_SHOWN]),
                    code="filesystem-tool",
                )
            )


def gather(flag: str, options: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the values of an option, and the other options."""
    values, others = [], []
    words = iter(options)
    for word in words:
        if word == flag:
            values.append(next(words, ""))
        elif word.startswith(flag):
            values.append(word.removeprefix(flag))
        else:
            others.append(word)
    return values, others


def _missing_blocks(
    debugfs: _Debugfs, content: Path, shape: Shape, inodes: Sequence[int]
) -> list[str]:
    """Return commands that allocate the blocks of zeros that mke2fs left out."""
    target = debugfs.target
    found = list(with_holes(target.image, target.offset, shape, inodes))
    paths: dict[int, str] = {}
    for start in range(0, len(found), _AT_ONCE):
        numbers = " ".join(map(str, found[start : start + _AT_ONCE]))
        paths |= paths_of(debugfs.ask(f"ncheck {numbers}"))
    return allocations(content, paths, shape.block)


def _fix_metadata(
    debugfs: _Debugfs, content: Path | None, inodes: Sequence[int], missing: Sequence[str]
) -> None:
    """Set what mke2fs took from the machine: two times of inodes, and the owner of the root.

    The commands for blocks that are `missing` are run before.
    """
    epoch = debugfs.target.tree.epoch
    script = [f"sif <{n}> {field} @{epoch}" for n in inodes for field in ("atime", "ctime")]
    if content is not None:
        about = content.stat()
        script += [
            f"sif <2> mode 0{about.st_mode:o}",
            f"sif <2> uid {about.st_uid}",
            f"sif <2> gid {about.st_gid}",
            f"sif <2> mtime @{int(about.st_mtime)}",
        ]
    debugfs.change([*missing, *script])


def used_inodes(stats: str) -> list[int]:
    """Return the inodes in use, by debugfs's `stats`; 2 is the root, 11 lost+found.

    mke2fs takes the first free inode of a group and gives none back, so those in use stand at
    the group's start.
    """
    (per_group,) = map(int, re.findall(r"^Inodes per group:\s+(\d+)", stats, re.MULTILINE))
    free = [int(n) for n in re.findall(r"(\d+) free inodes?,", stats)]
    used = [
        group * per_group + index
        for group, unused in enumerate(free)
        for index in range(1, per_group - unused + 1)
    ]
    return [2, *(inode for inode in used if inode >= _FIRST_FREE)]


def room_shown(stats: str, *, is_ext4: bool) -> Room:
    """Return the room that debugfs's `stats` shows; kernels keep some of ext4's."""

    def number(name: str) -> int:
        (value,) = re.findall(rf"^{name}:\s+(\d+)", stats, re.MULTILINE)
        return int(value)

    block, free = number("Block size"), number("Free blocks")
    away = number("Reserved block count")
    if is_ext4:
        away += min(number("Block count") // 50, _KEPT_BLOCKS)
    return Room(
        block=block,
        free=free * block,
        available=max(free - away, 0) * block,
        files=number("Free inodes"),
        inline=number("Inode size") if "inline_data" in stats else 0,
        per_map=0 if is_ext4 else block // _NUMBER,  # ext4's extents mostly fit into the inode
    )


def need_ext(files: Sequence[File], room: Room) -> Need:
    """Return the least that content takes: no block for holes.

    Little is left uncounted: some more blocks of numbers, and large extended attributes.
    """
    count = blocks = 0
    for file in files:
        count += 1
        if file.is_directory:
            entries = _DOTS + sum(_entry(name) for name in file.entries)
            if entries > room.inline:
                blocks += -(-entries // room.block)
        elif file.is_symlink:  # of a hard link to one it makes another
            count += file.links - 1
            blocks += file.links * (file.size > max(_IN_INODE, room.inline))
        elif file.is_regular and file.size > room.inline:
            data = file.blocks(room.block)
            blocks += data
            if room.per_map:
                blocks += -(-max(data - _IN_MAP, 0) // room.per_map)
    # The top directory is there already, with one block.
    return Need(bytes=(blocks - 1) * room.block, files=count - 1)


def _entry(name: str) -> int:
    """Return how many bytes a directory's entry takes."""
    return -(-(_NAME_HEAD + len(os.fsencode(name))) // 4) * 4


KIND = Kind(make=make_ext, need=need_ext, used=_used_by_ext)
