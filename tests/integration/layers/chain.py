"""25 layers, each with something that a layer can get wrong; the last one writes down the tree."""

import hashlib
import json
import os
import stat
from dataclasses import dataclass
from typing import Any

from vmdsl import (
    Ext2,
    Ext3,
    Ext4,
    Gpt,
    MiB,
    Mounted,
    Tree,
    TreeOperation,
    Vfat,
    host_shell,
    mkext2,
    mkext3,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mkvfat,
    mount,
    record,
    step,
)

#: The scripts of the layers, with an empty line between them; each starts in the tree.
STEPS = r"""
mkdir -p boot/efi srv/data etc 'opt/with space'
chmod 750 boot; chmod 700 boot/efi; chgrp 42 srv; chmod 1777 srv; chmod 711 srv/data
echo one >etc/one; echo two >etc/two

mkdir -p doomed/deep/er; echo x >doomed/deep/er/x; echo x >doomed/x
mkdir changing; echo d >changing/d; echo f >turning; mkdir -p empty/within

echo more >>etc/one; echo new >etc/two; rm -r doomed

rm -r changing; echo 'a file now' >changing
rm turning; mkdir turning; echo 'a directory now' >turning/f

mkdir -p doomed/deep; echo again >doomed/deep/again

mkdir -p from/a/b; echo moved >from/a/b/c; echo moved >from/a/d; ln -s d from/a/l

mv from/a to; mv to/b 'to/b b'

rm -r doomed/deep; mkdir doomed/deep; mv to/d doomed/deep/; mv doomed opt/

mkdir links; echo h >links/1; ln links/1 links/2; ln links/1 links/3; ln links/1 srv/4
ln -s 1 links/s; ln links/s links/s2; mkfifo links/p; ln links/p links/p2

cd links; ln -s nowhere dangling; ln -s /etc/one absolute; ln -s ../.. up; ln -s / root
for n in 59 60 1000 4000; do ln -s "$(printf "%0${n}d" 0)" "l$n"; done

rm links/2; chmod 600 links/s; ln links/p links/p3

mkdir own
for m in 4755 2755 1755 6711 0000 7777; do echo $m >own/$m; chown 12345:42 own/$m; chmod $m own/$m
done
chown -h 65535:65534 links/dangling
chown 0:12345 own; chmod 3770 own; mkfifo own/fifo; chmod 622 own/fifo

mkdir caps; cp /bin/true caps/net; cp /bin/true caps/all; cp /bin/true caps/gone
setcap cap_net_raw+ep caps/net; setcap =eip caps/all; setcap cap_chown+p caps/gone

setcap -r caps/gone; chmod 700 caps/net; setcap cap_net_admin,cap_kill+eip caps/net

mkdir acl; echo a >acl/f; setfacl -m u:12345:rwx,g:42:r,m:rw acl/f
setfacl -m u:1:r -m d:u:2:rwx,d:g:3:---,d:o:- acl; mkdir acl/below; echo i >acl/inherits

setfacl -m u:7:x acl/below; setfacl -b acl/inherits; setfacl -m u:9:rx,d:u:9:rx .
setfacl -m u:11:rwx boot; setfattr -n user.of-srv -v yes srv

mkdir xa; echo x >xa/f; setfattr -n user.short -v v xa/f; setfattr -n user.empty xa/f
setfattr -n user.long -v "$(printf '%03000d' 7)" xa/f; setfattr -n user.bin -v 0x00ff00 xa/f
setfattr -n user.dir -v d xa; setfattr -n user.root -v r .

setfattr -x user.short xa/f; setfattr -n user.empty -v filled xa/f; chmod 500 xa/f
mkdir xa/many; for i in 1 2 3 4 5 6 7 8 9; do setfattr -n user.name-$i -v value-$i xa/many; done

mkdir sparse; cd sparse; : >empty; truncate -s 1M hole; head -c 5000 /dev/zero >zeros
truncate -s 300M 300M; printf end | dd of=300M bs=1 seek=200000000 conv=notrunc status=none
yes | head -c 3000000 >full

truncate -s 5000000 sparse/full; printf x >>sparse/300M
fallocate -p -o 8192 -l 65536 sparse/full

mkdir names; cd names
for n in ' ' '  two ' "$(printf 'new\nline')" "$(printf 't\tab')" -rf '*?[x]' '$HOME' "quote'\"" \
    'back\slash' 'ünïcødé' '日本語' "$(printf 'latin\344')" "$(printf '\377\376')" '...' '<&>' \
    "$(printf '%0255d' 0)" .hidden '#' '%s' '{a,b}'; do echo "$n" >"./$n"; done
mkdir "$(printf 'd\n\377')"; echo in >"$(printf 'd\n\377')/f"
ln -s "$(printf '\377')" "$(printf 'l\377')"

for i in $(seq 30); do d=$(printf '%0100d' $i); mkdir $d; cd $d; done; echo deep >f

mkdir times; cd times
for t in 1999-12-31 1970-01-02 1955-11-05 2019-12-31T23:59:59Z 2030-01-01; do
    : >$t; mkdir d$t; ln -s x l$t; touch -h -d $t $t l$t d$t; done
touch -d 2001-02-03 ../empty/within ../srv/data; touch -d 2002-02-02 ../boot

cd boot; echo k >vmlinuz; mkdir grub; echo m >grub/m; cd ../srv; mkdir www; echo on >data/on
echo index >www/index; setfacl -m u:5:r www/index; cd ../boot/efi
mkdir -p EFI/BOOT EFI/debian 'EFI/A long name' lower; echo b >EFI/BOOT/BOOTX64.EFI
echo g >EFI/debian/grub.cfg; echo l >'EFI/A long name/with a long name.conf'; echo '[' >'[x], y+'
echo m >EFI/MixedCase.Txt; echo s >lower/readme; echo n >NOEXT; echo t >a.b.c; : >EMPTY
mkdir many; for i in $(seq 400); do echo $i >many/file-$i.conf; done; chmod 600 lower/readme
yes 1234567 | head -c 200000 >BIG.BIN; touch -d 2001-02-03T04:05:06Z NOEXT
""".strip().split("\n\n")


def about(path: bytes) -> dict[str, Any]:
    """Everything about a file, as JSON can hold it."""
    info = os.lstat(path)
    kind = stat.S_IFMT(info.st_mode)
    result: dict[str, Any] = {
        "mode": info.st_mode,
        "owner": [info.st_uid, info.st_gid],
        "mtime": info.st_mtime_ns // 10**9,
        "xattrs": {
            name: os.getxattr(path, name, follow_symlinks=False).hex()
            for name in os.listxattr(path, follow_symlinks=False)
        },
    }
    if kind != stat.S_IFDIR:
        result["inode"] = info.st_ino
        result["links"] = info.st_nlink
    if kind == stat.S_IFLNK:
        result["target"] = os.readlink(path).decode("latin-1")  # noqa: PTH115
    if kind == stat.S_IFREG:
        result["size"] = info.st_size
        result["blocks"] = info.st_blocks
        with open(path, "rb") as stream:  # noqa: PTH123 (a name in bytes)
            result["sha256"] = hashlib.file_digest(stream, "sha256").hexdigest()
    return result


@dataclass(frozen=True, kw_only=True, eq=False)
class WriteDown(TreeOperation):
    """Writes down the tree beside the recipe."""

    def apply(self, tree: Tree) -> None:
        root = os.fsencode(tree.path)
        found = {b"": about(root)}
        for folder, folders, files in os.walk(root):
            for name in [*folders, *files]:
                path = folder + b"/" + name
                found[path.removeprefix(root + b"/")] = about(path)
        text = json.dumps({name.decode("latin-1"): found[name] for name in sorted(found)})
        (tree.recipe_directory / "tree.json").write_text(text, encoding="utf-8")


@step
def table() -> Gpt:
    return mkgpt(mkimg(MiB(600)))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=MiB(200)), label="root"))


@step
def boot() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=MiB(64))), "/boot", on=root())


@step
def esp() -> Mounted[Vfat]:
    partition = mkpart(table(), size=MiB(66), type="esp")
    return mount(mkvfat(partition, label="esp"), "/boot/efi", on=boot())


@step
def srv() -> Mounted[Ext3]:
    return mount(mkext3(mkpart(table(), size=MiB(64)), label="srv x"), "/srv", on=root())


@step
def data() -> Mounted[Ext2]:
    return mount(mkext2(mkpart(table()), label="sixteen bytes 16"), "/srv/data", on=srv())


@step
def chain() -> None:
    for script in STEPS:
        host_shell(root(), f'cd "$ROOT"\n{script}')
    record(WriteDown(root=root()))
