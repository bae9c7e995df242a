"""The stand-ins for programs that ask which disk they are on answer as on the image's own."""

from __future__ import annotations

import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from vmdsl import (
    GiB,
    MiB,
    mkbtrfs,
    mkext4,
    mkgpt,
    mkimg,
    mklv,
    mkmsdos,
    mkpart,
    mkswap,
    mkvfat,
    mkvg,
    mount,
    subvolume,
)
from vmdsl.builder.cache.answers import answering
from vmdsl.language.layout import Layout, PartitionLayout
from vmdsl.language.operation import Recorder, start_recording
from vmdsl.operations.boot_loaders.grub.stand_ins import probe_script, relpath_script
from vmdsl.operations.scripts.stand_ins import findmnt_script, mkinitramfs_script
from vmdsl.plan.lay_out import lay_out

pytestmark = pytest.mark.integration


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    made = Recorder(Path("/recipes/r.py"), value_of=id, result_of=id, step="here")
    undo = start_recording(made)
    yield made
    undo()


@pytest.fixture
def layout(recorder: Recorder) -> Layout:
    """A GPT: esp at /boot/efi, a filesystem with a space in its place, and the root."""
    table = mkgpt(mkimg(GiB(4)))
    esp = mkvfat(mkpart(table, size=MiB(64), type="esp", label="the ESP"), label="IT'S")
    data = mkext4(mkpart(table, size=MiB(64)))
    root = mount(mkext4(mkpart(table)))
    mount(esp, "/boot/efi", on=root)
    mount(data, "/srv/my data", on=root)
    return laid_out(recorder)


def laid_out(recorder: Recorder) -> Layout:
    found, problems = lay_out(recorder.operations, recipe="r", seed="")
    assert found is not None
    assert problems == []
    return found


def probe(layout: Layout, folder: Path, *arguments: str) -> tuple[int, str]:
    script = folder / "grub-probe"
    script.write_text(probe_script(layout), encoding="utf-8")
    script.chmod(stat.S_IRWXU)
    done = subprocess.run(
        ["sh", "-u", script, *arguments], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.rstrip("\n")


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_syntax(layout: Layout, shell: str) -> None:
    scripts = answering(layout, ())
    assert set(scripts) == {
        *("grub-probe", "grub-mkrelpath", "grub-mkconfig", "grub-install"),
        *("findmnt", "blkid", "lsblk", "df"),
    }
    initramfs = (mkinitramfs_script(copies_modules=copies) for copies in (False, True))
    for script in (*scripts.values(), *initramfs):
        assert not re.search("@[A-Z]", script)
        subprocess.run([shell, "-n"], input=script, text=True, check=True)


@pytest.mark.parametrize(
    ("target", "answer"),
    [
        ("device", "/dev/vda3"),
        ("disk", "/dev/vda"),
        ("drive", "(hd0,gpt3)"),
        ("fs", "ext2"),
        ("partmap", "gpt"),
        ("abstraction", ""),
        ("fs_label", ""),
        ("hints_string", None),
        ("compatibility_hint", "hd0,gpt3"),
        ("bios_hints", "hd0,gpt3"),
        ("efi_hints", "hd0,gpt3"),
        ("baremetal_hints", "hd0,gpt3"),
    ],
)
@pytest.mark.parametrize("way", ["--target={}", "-t {}"])
def test_targets(layout: Layout, tmp_path: Path, target: str, answer: str | None, way: str) -> None:
    found = probe(layout, tmp_path, *way.format(target).split(), "/boot/grub")
    assert found == ((1, "") if answer is None else (0, answer))


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("/", 3),
        ("/boot", 3),
        ("/boot/efi", 1),
        ("/boot/efi/EFI/BOOT", 1),
        ("/boot/efivars", 3),
        ("/srv", 3),
        ("/srv/my data", 2),
        ("/srv/my data/x", 2),
    ],
)
def test_paths(layout: Layout, tmp_path: Path, path: str, number: int) -> None:
    filesystem = next(f for f in layout.filesystems if f.partition.number == number)
    assert probe(layout, tmp_path, "--target=device", path) == (0, f"/dev/vda{number}")
    assert probe(layout, tmp_path, "--target=fs_uuid", path) == (0, filesystem.uuid)
    assert probe(layout, tmp_path, "--target=partuuid", path) == (0, filesystem.partition.uuid)
    assert probe(layout, tmp_path, "--target=fs", path) == (0, "fat" if number == 1 else "ext2")


def test_as_grub_mkconfig_asks(layout: Layout, tmp_path: Path) -> None:
    """By path for the device, then by device for all else."""
    assert probe(layout, tmp_path, "--target=device", "/") == (0, "/dev/vda3")
    root = layout.holding("/").filesystem
    for arguments, answer in (
        (("--device", "/dev/vda3", "--target=fs_uuid"), root.uuid),
        (("--device", "/dev/vda3", "--target=partmap"), "gpt"),
        (("--device", "/dev/vda3", "--target=partuuid"), root.partition.uuid),
        (("--device", "/dev/vda1", "--target=fs"), "fat"),
        (("-t", "fs", "-d", "/dev/vda1"), "fat"),
        (("--device-map=", "-m", "/dev/null", "-t", "device", "/"), "/dev/vda3"),
    ):
        assert probe(layout, tmp_path, *arguments) == (0, answer)


def test_mbr(recorder: Recorder, tmp_path: Path) -> None:
    mount(mkext4(mkpart(mkmsdos(mkimg(GiB(1))))))
    layout = laid_out(recorder)
    assert probe(layout, tmp_path, "-t", "partmap", "/") == (0, "msdos")
    assert probe(layout, tmp_path, "-t", "drive", "/") == (0, "(hd0,msdos1)")
    partuuid = f"{layout.label_id[2:]}-01"
    assert probe(layout, tmp_path, "-t", "partuuid", "/") == (0, partuuid)


def test_unknown_device_has_no_answer(layout: Layout, tmp_path: Path) -> None:
    """Better none than that of another filesystem."""
    code, answer = probe(layout, tmp_path, "-t", "fs_uuid", "-d", "/dev/sda1")
    assert (code, answer) == (1, "")


@pytest.mark.parametrize(
    ("path", "relative"),
    [
        ("/boot/vmlinuz-6.1", "/boot/vmlinuz-6.1"),
        ("/boot/efi/EFI/BOOT/../x.efi", "/EFI/x.efi"),
        ("/srv/my data", ""),
        ("/srv/my data/a b", "/a b"),
        ("/srv/my database", "/srv/my database"),
        ("/", "/"),
    ],
)
def test_a_path_is_told_as_in_its_filesystem(layout: Layout, path: str, relative: str) -> None:
    done = subprocess.run(
        ["sh", "-euc", relpath_script(layout), "sh", path],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{relative}\n"


@pytest.mark.parametrize(
    ("path", "relative"),
    [
        ("/", "/@"),
        ("/boot/grub", "/@/boot/grub"),
        ("/home", "/sets/home"),
        ("/home/ann/", "/sets/home/ann"),
        ("/homes", "/@/homes"),
    ],
)
def test_a_path_in_a_subvolume_begins_at_the_top_level(
    recorder: Recorder, path: str, relative: str
) -> None:
    made = mkbtrfs(mkpart(mkgpt(mkimg(GiB(4)))))
    root = mount(subvolume(made, "@"))
    mount(subvolume(made, "sets/home", default=True), "/home", on=root)
    layout, problems = lay_out(recorder.operations, recipe="recipe", seed="")
    assert layout is not None
    assert problems == []
    words = ["sh", "-euc", relpath_script(layout), "sh", path]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout == f"{relative}\n"
    assert findmnt(layout, "-no", "OPTIONS", "/home") == "rw,relatime,subvol=/sets/home\n"


@pytest.mark.parametrize(
    ("arguments", "number"),
    [
        ("-n -o SOURCE /", 3),
        ("--noheadings --output=source --target /", 3),
        ("-n -o SOURCE --mountpoint /boot/efi", 1),
        ("-nro SOURCE --mountpoint /srv/my@data", 2),
    ],
)
def test_findmnt_names_filesystems_as_fstab_does(
    layout: Layout, arguments: str, number: int
) -> None:
    words = [word.replace("@", " ") for word in arguments.split()]
    filesystem = next(f for f in layout.filesystems if f.partition.number == number)
    assert findmnt(layout, *words) == f"UUID={filesystem.uuid}\n"
    found = findmnt(layout, "-no", "UUID,FSTYPE", "--mountpoint", words[-1]).split()
    assert found == [filesystem.uuid, filesystem.filesystem.kind]


def test_findmnt_knows_the_other_mounts_too(layout: Layout) -> None:
    assert findmnt(layout, "-n", "-o", "FSTYPE", "/proc") == "proc\n"
    assert findmnt(layout, "--version").startswith("findmnt from util-linux")
    assert "overlay" not in findmnt(layout, "-n", "-o", "SOURCE,FSTYPE", "/")


def test_mkinitramfs_has_the_rules_switched_on_that_are_off(tmp_path: Path) -> None:
    rules = {name: tmp_path / "rules" / f"vmdsl-{name}" for name in ("native-cp", "aarch64")}
    (tmp_path / "rules").mkdir()
    rules["native-cp"].write_text("disabled\ninterpreter /dev/vmdsl-native/run/cp\n")
    rules["aarch64"].write_text("enabled\n")
    (tmp_path / "real").mkdir()
    real = tmp_path / "real/mkinitramfs"
    real.write_text(f'#!/bin/sh\necho "$* $(cat {rules["native-cp"]})"\nexit 3\n')
    real.chmod(0o755)
    script = tmp_path / "mkinitramfs"
    script.write_text(mkinitramfs_script())
    words = ["sh", str(script), "-o", "out"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, "-o out 1\n", "")
    assert [rules[name].read_text() for name in rules] == ["0\n", "enabled\n"]


def findmnt(layout: Layout, *arguments: str) -> str:
    script = ["sh", "-uc", findmnt_script(layout), "findmnt", *arguments]
    return subprocess.run(script, capture_output=True, text=True, check=True).stdout


def ask(layout: Layout, command: str, *, code: int = 0) -> str:
    """Run a stand-in, and return what it prints, with short names in place of UUIDs.

    @N is that of the filesystem on partition N; of one on a volume, @ is before its label.
    """
    name, *arguments = command.split()
    uuids = {}
    for place in layout.filesystems:
        device = place.device
        label = place.filesystem.label
        uuids[f"@{device.number if isinstance(device, PartitionLayout) else label}"] = place.uuid
    uuids |= {f"@pv{n}": uuid for group in layout.groups for n, uuid in enumerate(group.physical)}
    for short, uuid in uuids.items():
        arguments = [word.replace(short, uuid) for word in arguments]
    done = subprocess.run(
        ["sh", "-uc", answering(layout, ())[name], name, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    said = done.stdout + done.stderr
    for short, uuid in uuids.items():
        said = said.replace(uuid, short)
    for partition in layout.partitions:
        said = said.replace(partition.uuid.lower(), f"PART{partition.number}")
    return said


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("blkid -s UUID -o value /dev/vda3", "@3"),
        ("blkid /dev/vda3 -sUUID -ovalue", "@3"),
        ("blkid --match-tag UUID --output=value UUID=@3", "@3"),
        ("blkid -p -o value -s TYPE /dev/disk/by-uuid/@1", "vfat"),
        ("blkid -o value -s PARTUUID -c /dev/null /dev/vda1", "PART1"),
        ("blkid -o export -s UUID -s TYPE /dev/vda2", "DEVNAME=/dev/vda2\nUUID=@2\nTYPE=ext4"),
        (
            "blkid /dev/vda1",
            '/dev/vda1: LABEL="IT\'S" UUID="@1" TYPE="vfat" PARTLABEL="the ESP" PARTUUID="PART1"',
        ),
        ("blkid -s PTTYPE -o value /dev/vda", "gpt"),
        ("blkid -U @2", "/dev/vda2"),
        ("blkid -L IT'S", "/dev/vda1"),
        ("blkid -t TYPE=ext4 -o device", "/dev/vda2\n/dev/vda3"),
        ("blkid -l -t TYPE=ext4 -o device", "/dev/vda2"),
        ("lsblk -no UUID /dev/vda3", "@3"),
        ("lsblk --noheadings --output uuid,fstype UUID=@3", "@3 ext4"),
        ("lsblk -ndo PKNAME /dev/vda3", "vda"),
        ("lsblk -dpno NAME", "/dev/vda"),
        ("lsblk -rno NAME,MOUNTPOINT /dev/vda", "vda \nvda1 /boot/efi\nvda2 /srv/my data\nvda3 /"),
        ("lsblk -P -o LABEL,PARTUUID /dev/vda1", 'LABEL="IT\'S" PARTUUID="PART1"'),
        ("lsblk -o NAME,TYPE /dev/vda2", "NAME TYPE\nvda2 part"),
    ],
)
def test_blkid_and_lsblk(layout: Layout, command: str, answer: str) -> None:
    assert ask(layout, command) == f"{answer}\n"


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("blkid -s UUID -o value /dev/sda1", 4, "not about /dev/sda1. Its devices are: /dev/vda "),
        ("blkid -o udev /dev/vda1", 4, "not in the format udev."),
        ("blkid -k", 4, "not with -k."),
        ("blkid -s UUID -o value /dev/vda", 2, ""),
        ("blkid -L nothing", 2, ""),
        ("lsblk -no UUID /dev/sda1", 4, "lsblk: vmdsl answers from the layout of the image, and"),
        ("lsblk -J", 4, "not with -J."),
        ("lsblk -no NAME,SIZE", 4, "not with the column SIZE."),
    ],
)
def test_better_no_answer_than_that_of_another_device(
    layout: Layout, command: str, code: int, said: str
) -> None:
    found = ask(layout, command, code=code)
    assert said in found
    assert bool(found) == bool(said)


@pytest.fixture
def volumes(recorder: Recorder) -> Layout:
    """An MBR with two partitions: of one volume group, with the root, /home and swap."""
    table = mkmsdos(mkimg(GiB(2)))
    group = mkvg(mkpart(table, size=MiB(500)), mkpart(table), name="vg-0")
    root = mount(mkext4(mklv(group, size=MiB(600), name="root"), label="root"))
    mount(mkext4(mklv(group, name="home"), label="home"), "/home", on=root)
    mkswap(mklv(group, size=MiB(40), name="sw-ap"), label="swap")
    return laid_out(recorder)


@pytest.mark.parametrize("path", ["/", "-d /dev/mapper/vg--0-root", "--device /dev/vg-0/root"])
def test_grub_finds_volumes(volumes: Layout, tmp_path: Path, path: str) -> None:
    (group,), root = volumes.groups, volumes.volumes[0]
    hint = f"lvmid/{group.uuid}/{root.uuid}"
    for target, answer in (
        ("device", "/dev/mapper/vg--0-root"),
        ("disk", "/dev/vda"),
        ("drive", "(lvm/vg--0-root)"),
        ("abstraction", "lvm"),
        ("partmap", "msdos"),
        ("fs", "ext2"),
        ("fs_uuid", volumes.holding("/").filesystem.uuid),
        ("partuuid", ""),
        ("compatibility_hint", hint),
        ("efi_hints", hint),
    ):
        assert probe(volumes, tmp_path, f"--target={target}", *path.split()) == (0, answer)
    assert probe(volumes, tmp_path, "-t", "device", "/home/x") == (0, "/dev/mapper/vg--0-home")


ALL_VOLUMES = """\
vda disk \n\
vda1 part vda\n\
vda2 part vda\n\
vg--0-root lvm vda2\n\
vg--0-home lvm vda1\n\
vg--0-sw--ap lvm vda1"""


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("blkid -s UUID -o value /dev/vg-0/root", "@root"),
        ("blkid -L swap", "/dev/mapper/vg--0-sw--ap"),
        ("blkid -t TYPE=ext4 -o device", "/dev/mapper/vg--0-root\n/dev/mapper/vg--0-home"),
        ("blkid -s UUID -s TYPE /dev/vda2", '/dev/vda2: UUID="@pv1" TYPE="LVM2_member"'),
        ("blkid /dev/dm-1", '/dev/mapper/vg--0-home: LABEL="home" UUID="@home" TYPE="ext4"'),
        ("lsblk -no NAME,TYPE,PKNAME /dev/vda", ALL_VOLUMES),
        (
            "lsblk -npo NAME,KNAME,PKNAME /dev/vg-0/root",
            "/dev/mapper/vg--0-root /dev/dm-0 /dev/vda2",
        ),
        ("lsblk -no PATH,MOUNTPOINT,PARTN UUID=@home", "/dev/mapper/vg--0-home /home "),
        ("lsblk -no FSTYPE,PARTN /dev/vda1", "LVM2_member 1"),
    ],
)
def test_blkid_and_lsblk_find_volumes(volumes: Layout, command: str, answer: str) -> None:
    assert ask(volumes, command) == f"{answer}\n"


def test_df_names_volumes(volumes: Layout) -> None:
    assert "of=/dev/mapper/vg--0-home type=ext4 place=/home ;;" in answering(volumes, ())["df"]


def test_grub_installs_what_reads_volumes(volumes: Layout) -> None:
    (line,) = [
        line for line in answering(volumes, ())["grub-install"].splitlines() if "ext2" in line
    ]
    assert " lvm " in line


def test_an_image_file_is_asked_as_ever(layout: Layout, tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.write_bytes(bytes(2**20))
    subprocess.run(["/sbin/mkswap", "-L", "own", image], check=True, capture_output=True)
    assert ask(layout, f"blkid -s LABEL -o value {image}") == "own\n"


DF = """\
#!/bin/sh
case $* in *=fstype,source*) echo "Type Filesystem"; line="overlay overlay" ;;
*-T*) echo "Filesystem Type Mounted on"; line="overlay overlay  1%  /" ;;
*=source*) echo Filesystem; line=overlay ;;
*) echo "Filesystem Mounted on"; line="overlay        1%  /" ;; esac
for word; do case $word in /proc) echo "proc 0 /proc" ;; /*) echo "$line" ;; esac; done
case $* in */*) ;; *) echo "tmpfs /run"; echo "$line" ;; esac
"""


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ("--output=source /", ["/dev/vda3"]),
        ("--output=fstype,source /boot/efi", ["vfat /dev/vda1"]),
        ("-T /boot/efi /home", ["/dev/vda1 vfat 1% /boot/efi", "/dev/vda3 ext4 1% /"]),
        (
            "-P -B 1M /proc / /boot/efi",
            ["proc 0 /proc", "/dev/vda3 1% /", "/dev/vda1 1% /boot/efi"],
        ),
        ("-h", ["tmpfs /run", "/dev/vda3 1% /"]),
    ],
)
def test_df_names_the_filesystems_of_the_image(
    layout: Layout, tmp_path: Path, arguments: str, answer: list[str]
) -> None:
    """The real df finds an overlay; the directories are this machine's, so /boot/efi may miss."""
    real = tmp_path / "real/df"
    real.parent.mkdir()
    real.write_text(DF, encoding="utf-8")
    real.chmod(0o755)
    script = tmp_path / "df"
    text = answering(layout, ())["df"]
    script.write_text(text.replace('[ ! -e "$word" ] || ', ""), encoding="utf-8")
    words = ["sh", "-u", str(script), *arguments.split()]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert [" ".join(line.split()) for line in said.splitlines()[1:]] == answer
