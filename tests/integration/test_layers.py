"""What a build makes of its tree: each file system holds what the layers came to, and no more.

The images are read without a mount, by another implementation than the one that wrote them.
"""

import hashlib
import json
import re
import shutil
import stat
import struct
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import pytest
from dissect.extfs import ExtFS
from dissect.fat import FATFS
from dissect.util.stream import RangeStream

from vmdsl import programs

pytestmark = pytest.mark.integration

VMDSL = Path(sys.executable).with_name("vmdsl")
CHAIN = Path(__file__).parent / "layers/chain.py"
EPOCH = 1577836800
_ACL_ID = {2, 8}  # of the entries of an ACL, those for a named user or group carry an id

Tree = dict[str, dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Built:
    """An image of the chain, and what its recipe wrote down of the tree."""

    path: Path
    image: IO[bytes]
    tree: Tree

    def partition(self, number: int) -> RangeStream:
        """A partition of the image, by itself."""
        return RangeStream(self.image, *self.extent(number))

    def extent(self, number: int) -> tuple[int, int]:
        """Where a partition is, in bytes."""
        done = programs.run(["sfdisk", "--json", str(self.path)])
        place = json.loads(done.output)["partitiontable"]["partitions"][number - 1]
        return place["start"] * 512, place["size"] * 512


@pytest.fixture(scope="module")
def built(user: Any) -> Iterator[Built]:
    path = build(user)
    with path.open("rb") as image:
        yield Built(path=path, image=image, tree=tree_of(path))


def build(user: Any) -> Path:
    folder = user.folder("layers")
    recipe = user.file(folder / CHAIN.name, CHAIN.read_text(encoding="utf-8"))
    done = user.build(recipe, "--output", folder / "chain.img")
    assert done.returncode == 0, done.stdout
    return Path(folder / "chain.img")


def tree_of(image: Path) -> Tree:
    return cast("Tree", json.loads(image.with_name("tree.json").read_text(encoding="utf-8")))


def test_who_builds_makes_no_difference(built: Built, root_user: Any) -> None:
    other = build(root_user)
    assert without_places(tree_of(other)) == without_places(built.tree)
    assert programs.run(["cmp", str(built.path), str(other)]).output == ""


def test_what_the_cache_hands_down_makes_no_difference(user: Any, built: Built) -> None:
    """A cache with a group and an ACL that all in it get, on a machine that sets other limits."""
    cache = user.folder("inheriting")
    done = user.run("sh", "-c", f"chmod 2770 {cache}; setfacl -d -m u:1:rwx,g::rwx,o:rwx {cache}")
    assert done.returncode == 0, done.stdout
    folder = user.folder("layers")
    recipe = user.file(folder / CHAIN.name, CHAIN.read_text(encoding="utf-8"))
    vmdsl = user.vmdsl("build", recipe, "--cache-dir", cache, "--output", folder / "chain.img")
    odd = ["env", "LC_ALL=C", "TZ=Pacific/Kiritimati", "sh", "-c", 'umask 0; exec "$@"', "sh"]
    done = user.run(*odd, *vmdsl[vmdsl.index("env") :])
    assert done.returncode == 0, done.stdout
    assert programs.run(["cmp", str(built.path), str(folder / "chain.img")]).output == ""


def without_places(tree: Tree) -> Tree:
    """The tree, less what depends on the disk that it lay on."""
    return {
        name: {k: v for k, v in about.items() if k not in {"inode", "blocks"}}
        for name, about in tree.items()
    }


@pytest.mark.parametrize(("number", "mounted"), [(1, ""), (2, "boot"), (4, "srv"), (5, "srv/data")])
def test_ext_holds_the_tree(built: Built, number: int, mounted: str) -> None:
    there = read_ext(ExtFS(built.partition(number)))
    wanted = part_of(built.tree, mounted, {"", "boot", "boot/efi", "srv", "srv/data"} - {mounted})
    lost_and_found = there.pop("lost+found")
    assert (lost_and_found["mode"], lost_and_found["owner"]) == (stat.S_IFDIR | 0o700, [0, 0])
    assert sorted(there) == sorted(wanted)
    assert links_of(there) == links_of(wanted)
    assert {there[group[0]]["links"] - len(group) for group in links_of(there)} <= {0}
    for name, about in wanted.items():
        assert there[name].pop("blocks", 0) <= about.pop("blocks", 0), name
        for known in (about, there[name]):
            known.pop("inode", None)
            known.pop("links", None)
        assert there[name] == about, name


def part_of(tree: Tree, mounted: str, others: set[str]) -> Tree:
    """What of the tree belongs to the file system that is mounted somewhere."""
    below = tuple(f"{other}/" for other in others if other.startswith(mounted) and other)
    start = f"{mounted}/" if mounted else ""
    return {
        name.removeprefix(mounted).removeprefix("/"): dict(about)
        for name, about in tree.items()
        if (name == mounted or name.startswith(start)) and not name.startswith(below or "\0")
    }


def links_of(tree: Tree) -> set[tuple[str, ...]]:
    """Which names are one file. mke2fs makes a symlink of its own of each name of a symlink."""
    names = defaultdict(list)
    for name, about in tree.items():
        if "inode" in about:
            names[name if "target" in about else about["inode"]].append(name)
    return {tuple(sorted(group)) for group in names.values()}


def read_ext(filesystem: ExtFS) -> Tree:
    tree: Tree = {"": about_inode(filesystem.root)}
    pending = [("", filesystem.root)]
    while pending:
        place, directory = pending.pop()
        for inode in directory.iterdir():
            if inode.filename in {".", ".."}:
                continue
            name = place + inode.filename.encode(errors="surrogateescape").decode("latin-1")
            tree[name] = about_inode(inode)
            if inode.filetype == stat.S_IFDIR:
                pending.append((f"{name}/", inode))
    return tree


def about_inode(node: Any) -> dict[str, Any]:
    """What the recipe's `about` says of a file of the tree."""
    raw = node.inode
    result: dict[str, Any] = {
        "mode": raw.i_mode,
        "owner": [raw.i_uid | raw.i_uid_high << 16, raw.i_gid | raw.i_gid_high << 16],
        "mtime": struct.unpack("<i", struct.pack("<I", raw.i_mtime))[0],
        "xattrs": {attribute.name: as_listed(attribute) for attribute in node.xattr},
    }
    assert raw.i_mtime_extra == 0
    assert (raw.i_atime, raw.i_ctime, raw.i_crtime) == (EPOCH, EPOCH, EPOCH)
    if node.filetype != stat.S_IFDIR:
        result["inode"] = node.inum
        result["links"] = raw.i_links_count
    if node.filetype == stat.S_IFLNK:
        result["target"] = node.open().read().decode("latin-1")
    if node.filetype == stat.S_IFREG:
        result["size"] = node.size
        result["blocks"] = raw.i_blocks_lo
        result["sha256"] = hashlib.file_digest(node.open(), "sha256").hexdigest()
    return result


def as_listed(attribute: Any) -> str:
    """The value of an attribute as programs see it: ext keeps ACLs in a shorter form."""
    if not attribute.name.startswith("system.posix_acl_"):
        return str(attribute.value.hex())
    assert attribute.value[:4] == struct.pack("<I", 1)
    listed, rest = struct.pack("<I", 2), attribute.value[4:]
    while rest:
        tag, permissions = struct.unpack_from("<HH", rest)
        size = 8 if tag in _ACL_ID else 4
        number = struct.unpack_from("<I", rest, 4)[0] if tag in _ACL_ID else 0xFFFFFFFF
        listed += struct.pack("<HHI", tag, permissions, number)
        rest = rest[size:]
    return listed.hex()


def test_the_chain_has_what_it_should_test(built: Built) -> None:
    """Guards the other tests against a chain that does nothing, or dumps nothing."""
    tree = built.tree
    assert len([n for n in tree if n.startswith("names/")]) > 20
    assert "names/\xff\xfe" in tree
    assert tree["caps/net"]["xattrs"].keys() == {"security.capability"}
    assert "security.capability" not in tree["caps/gone"]["xattrs"]
    assert {"system.posix_acl_access", "system.posix_acl_default"} <= tree["acl"]["xattrs"].keys()
    assert {"system.posix_acl_access", "user.root"} <= tree[""]["xattrs"].keys()
    assert len(bytes.fromhex(tree["xa/f"]["xattrs"]["user.long"])) == 3000
    assert tree["own/4755"] | {"mode": 0o104755, "owner": [12345, 42]} == tree["own/4755"]
    assert tree["links/1"]["links"] == 1  # the layer of links/2 and srv/3 is another one
    assert tree["links/p"]["links"] == 2
    assert tree["sparse/300M"]["size"] == 300 * 2**20 + 1
    assert tree["times/1955-11-05"]["mtime"] < 0
    assert tree["times/1999-12-31"]["mtime"] == 946598400
    assert "doomed" not in tree
    assert sorted(n for n in tree if n.startswith("opt/")) == [
        "opt/doomed", "opt/doomed/deep", "opt/doomed/deep/d", "opt/with space"
    ]  # fmt: skip
    assert max(map(len, tree)) > 3000


def test_holes_stay_holes(built: Built) -> None:
    files = read_ext(ExtFS(built.partition(1)))
    assert files["sparse/300M"]["blocks"] * 512 <= 3 * 4096
    assert files["sparse/hole"]["blocks"] == 0
    assert 0 < files["sparse/full"]["blocks"] * 512 < 3_000_000
    assert built.path.stat().st_blocks * 512 < 40_000_000


def test_fat_holds_the_tree(built: Built) -> None:
    wanted = part_of(built.tree, "boot/efi", set())
    del wanted[""]
    there = read_fat(FATFS(built.partition(3)).root)
    assert sorted(there) == sorted(n.encode("latin-1").decode() for n in wanted)
    for name, about in wanted.items():
        content, mtime = there[name.encode("latin-1").decode()]
        if "sha256" in about:
            assert (content, mtime) == (about["sha256"], about["mtime"] & ~1), name


def read_fat(directory: Any, place: str = "") -> dict[str, tuple[str, int]]:
    tree = {}
    for entry in directory.iterdir():
        name = place + fat_name(entry)
        if entry.is_volume_id() or entry.name in {".", ".."}:
            continue
        content = b"" if entry.is_directory() or not entry.size else entry.open().read()
        tree[name] = (hashlib.sha256(content).hexdigest(), int(entry.mtime.timestamp()))
        if entry.is_directory():
            tree |= read_fat(entry, f"{name}/")
    return tree


def fat_name(entry: Any) -> str:
    """A name; a short one has two bits that say that it is written in small letters."""
    if entry.ldirents:
        return str(entry.name)
    base, _, extension = str(entry.short_name).partition(".")
    base = base.lower() if entry.dirent.DIR_NTRes & 0x08 else base
    extension = extension.lower() if entry.dirent.DIR_NTRes & 0x10 else extension
    return base + ("." if extension else "") + extension


@pytest.mark.parametrize(
    ("number", "kind", "label"),
    [
        (1, "ext4", "root"),
        (2, "ext4", ""),
        (4, "ext3", "srv x"),
        (5, "ext2", "sixteen bytes 16"),
    ],
)
def test_ext_is_sound_and_says_what_it_is(
    built: Built, number: int, kind: str, label: str, tmp_path: Path
) -> None:
    alone = tmp_path / "filesystem"
    with alone.open("wb") as stream:
        shutil.copyfileobj(built.partition(number), stream)
    checked = programs.run(["e2fsck", "-f", "-n", str(alone)])
    assert checked.ok, checked.output
    told = programs.run(["blkid", "-p", "-o", "export", "-O", str(built.extent(number)[0]),
                         str(built.path)]).output  # fmt: skip
    known = dict(line.split("=", 1) for line in told.splitlines())
    assert known["TYPE"] == kind
    assert known.get("LABEL", "").replace("\\", "") == label
    assert known["UUID"] == uuids()[number - 1]


def uuids() -> list[str]:
    done = programs.run([str(VMDSL), "plan", "--json", str(CHAIN)])
    return [str(f["uuid"]) for f in json.loads(done.output)["layout"]["filesystems"]]


RECIPE = """\
from vmdsl import *

@step
def table() -> Gpt:
    return mkgpt(mkimg(MiB(100)))

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=MiB(40))))

@step
def other() -> Mounted[{type}]:
    return mount(mk{kind}(mkpart(table(), size=MiB(20))), "/srv/other", on=root())

@step
def content() -> None:
    host_shell(root(), {script!r})
"""


def build_small(user: Any, script: str, kind: str = "ext4") -> tuple[int, str, Path]:
    """Build a disk of two filesystems; the exit code, what was said, and the folder."""
    folder = user.folder("small")
    text = RECIPE.format(type=kind.capitalize(), kind=kind, script=f'cd "$ROOT"\n{script}')
    done = user.build(user.file(folder / "small.py", text), "--output", folder / "small.img")
    return done.returncode, done.stdout, folder


@pytest.mark.parametrize(
    ("kind", "script", "message"),
    [
        (
            "ext4",
            "yes | head -c 60M >x",
            r"needs 60\.\d MiB at least, and ext4 of 40 MiB has 3.* MiB for it: 2.* MiB too little",
        ),
        (
            "ext4",
            "for i in $(seq 3000); do : >$i; done",
            r"is 3002 files and directories, and ext4 of 40 MiB has room for 2\d+: \d{3} too few",
        ),
        (
            "vfat",
            "mkdir -p srv/other; yes | head -c 30M >srv/other/x",
            r"needs 30\.0 MiB at least, and vfat of 20 MiB has .* MiB for it: 1.* MiB too little",
        ),
        (
            "vfat",
            "mkdir -p srv/other; cd srv/other; for i in $(seq 600); do : >$i; done",
            r"is 600 entries in its top directory, and vfat of 20 MiB has room for 512: 88 too few",
        ),
    ],
)
def test_content_that_does_not_fit(user: Any, kind: str, script: str, message: str) -> None:
    """It is told with all figures, before the image is written."""
    code, said, folder = build_small(user, script, kind)
    assert code == 5, said
    step, line = ("other", 13) if kind == "vfat" else ("root", 9)
    assert re.search(
        rf"small\.py:{line}: step {step}: its content {message}  \[no-room\]\n", said
    ), said
    assert re.search(rf"enlarge the partition {step} \(.*small\.py:{line}\) ", said), said
    assert "write the partition table" not in said
    assert sorted(p.name for p in folder.iterdir()) == ["small.img.log", "small.py"]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("a:b", "'a:b': it has one of"),
        ("dot.", "'dot.': it ends with"),
        ("space ", "'space ': it ends with"),
        ("ünï.txt", "'ünï.txt': it has a letter that is not ASCII"),
        ("$(printf '\\377')", r"'\udcff': it has a letter"),
        ("Readme", "'readme': 'Readme' is there, and small letters make no difference"),
        ("aux", "'aux': it is the name of a device in DOS"),
    ],
)
def test_names_that_fat_cannot_hold(user: Any, name: str, fault: str) -> None:
    script = f'mkdir -p srv/other; cd srv/other; : >readme; : >"{name}"'
    code, said, folder = build_small(user, script, "vfat")
    assert code == 5, said
    assert f"small.py:13: step other: FAT cannot hold the name {fault}" in said
    assert not (folder / "small.img").exists()


@pytest.mark.parametrize("kind", ["ext4", "vfat"])
def test_a_mount_point_that_nobody_made(user: Any, kind: str) -> None:
    code, said, folder = build_small(user, ":", kind)
    assert code == 0, said
    with (folder / "small.img").open("rb") as image:
        root = ExtFS(RangeStream(image, 2**20, 40 * 2**20)).get("srv/other")
        assert (root.filetype, root.inode.i_mode) == (stat.S_IFDIR, stat.S_IFDIR | 0o755)
        assert {entry.filename for entry in root.iterdir()} == {".", ".."}


def test_a_mount_point_behind_a_symlink(user: Any) -> None:
    """As a booted system does it, which follows the symlink within its own root."""
    script = "mkdir -p var/lib/other; ln -s /var/lib srv; echo x >var/lib/other/x; : >var/lib/y"
    code, said, folder = build_small(user, script)
    assert code == 0, said
    with (folder / "small.img").open("rb") as image:
        root = read_ext(ExtFS(RangeStream(image, 2**20, 40 * 2**20)))
        other = read_ext(ExtFS(RangeStream(image, 41 * 2**20, 20 * 2**20)))
    assert sorted(root) == ["", "lost+found", "srv", "var", "var/lib", "var/lib/other", "var/lib/y"]
    assert sorted(other) == ["", "lost+found", "x"]


def test_a_mount_point_that_is_a_file(user: Any) -> None:
    code, said, folder = build_small(user, "mkdir srv; : >srv/other")
    assert code == 5, said
    assert "small.py:13: step other: " in said
    assert not (folder / "small.img").exists()
