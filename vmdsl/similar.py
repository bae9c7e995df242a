"""Finds the name that somebody meant who wrote another one: a misspelt one, or another tool's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

#: The words of other tools (parted, sgdisk, systemd-repart, debootstrap, uname, Docker, a shell)
#: for names of vmdsl. Only those that are known where the word stands are suggested.
_ELSEWHERE: Mapping[str, tuple[str, ...]] = {
    "efi": ("esp", "vfat"),
    "esp": ("vfat",),
    "efi-system": ("esp", "vfat"),
    "efi-system-partition": ("esp", "vfat"),
    "uefi": ("esp", "vfat"),
    "ef00": ("esp",),
    "linux-swap": ("swap",),
    "8200": ("swap",),
    "8300": ("linux",),
    "linux-filesystem": ("linux",),
    "linux-generic": ("linux",),
    "ext": ("ext4",),
    "ext5": ("ext4",),
    "ext2": ("linux",),
    "ext3": ("linux",),
    "ext4": ("linux",),
    "bios-grub": ("bios-boot",),
    "biosboot": ("bios-boot",),
    "bios": ("bios-boot",),
    "bootable": ("boot",),
    "root": ("linux",),
    "ef02": ("bios-boot",),
    "bls-boot": ("xbootldr",),
    "fat16": ("vfat", "fat"),
    "fat32": ("vfat", "fat"),
    "vfat": ("fat",),
    "msftdata": ("fat",),
    "crypt": ("luks",),
    "linux-lvm": ("lvm",),
    "root-x86-64": ("root-amd64",),
    "root-x86": ("root-i386",),
    "root-arm": ("root-armhf",),
    "root-ppc64-le": ("root-ppc64el",),
    "usr-x86-64": ("usr-amd64",),
    "usr-x86": ("usr-i386",),
    "usr-arm": ("usr-armhf",),
    "usr-ppc64-le": ("usr-ppc64el",),
    "mbr": ("msdos",),
    "dos": ("msdos",),
    "x86-64": ("amd64",),
    "aarch64": ("arm64",),
    "minimal": ("minbase",),
    "min": ("minbase",),
    "default": ("important",),
    "ttys0": ("serial",),
    "ttyama0": ("serial",),
    "tty0": ("screen",),
    "mkmbr": ("mkmsdos",),
    "mkdos": ("mkmsdos",),
    "mklabel": ("mkgpt",),
    "mkfs": ("mkext4",),
    "mkfat": ("mkvfat",),
    "mkfat32": ("mkvfat",),
    "mkesp": ("mkvfat",),
    "mkdir": ("create_directory",),
    "symlink": ("create_symlink",),
    "write-file": ("create_file",),
    "copy": ("copy_file",),
    "copy-dir": ("copy_tree",),
    "run": ("chroot",),
    "shell": ("chroot",),
    "apt-install": ("apt",),
    "mmdebstrap": ("debootstrap",),
    "grub": ("grub_uefi",),
    "permissions": ("mode",),
    "perm": ("mode",),
    "chmod": ("mode",),
    "owner": ("uid",),
    "user": ("uid",),
    "chown": ("uid",),
    "group": ("gid",),
    "release": ("suite",),
    "distribution": ("suite",),
    "architecture": ("arch",),
}
#: So many characters of a name may have one mistake.
_LETTERS_A_MISTAKE = 3
#: The beginning of one name means it, if it is longer.
_ABBREVIATED = 5


def closest(written: str, known: Iterable[str], also: Mapping[str, str] | None = None) -> str:
    """Return the one of the `known` names that was meant, or "" if none is alike.

    It is never what was written. `also` are further words that mean a name.
    """
    names = {_plain(name): name for name in known if name != written}
    plain = _plain(written)
    if also and written in also:
        return also[written]
    for name in (plain, *map(_plain, _ELSEWHERE.get(plain, ()))):
        if name in names:
            return names[name]
    begun = [name for name in names if name.startswith(plain)]
    if len(begun) == 1 and len(plain) > _ABBREVIATED:
        return names[begun[0]]
    ranked = [(mistakes(plain, name), name[:1] != plain[:1], name) for name in names]
    count, _, likely = min(ranked, default=(len(plain) + 1, False, ""))
    allowed = max(len(plain), len(likely)) // _LETTERS_A_MISTAKE
    return names[likely] if count <= allowed else ""


def did_you_mean(
    written: str,
    known: Iterable[str],
    form: str = "{}",
    *,
    also: Mapping[str, str] | None = None,
) -> str:
    """Return a hint at the name that was meant, shown as `form` shows it, or ""."""
    close = closest(written, known, also)
    return f"did you mean {form.format(close)}?" if close else ""


def similar_file(
    path: Path, pattern: str = "*", is_right: Callable[[Path], bool] = Path.exists
) -> Path | None:
    """Return the file that was meant, in the same directory, or None: a path may be any text."""
    try:
        beside = sorted(file for file in path.parent.glob(pattern) if file.name != path.name)
        files = [file for file in beside if is_right(file)]
    except OSError:
        return None
    by_stem = {file.stem: file for file in reversed(files)}
    return by_stem.get(path.stem) or by_stem.get(closest(path.stem, by_stem))


def _plain(name: str) -> str:
    return name.casefold().replace("_", "-").replace(" ", "-")


def mistakes(one: str, other: str) -> int:
    """Return how many letters are wrong, missing, too many, or exchanged with the next one."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(row[j - 1] + 1, before[j] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and (letter, one[i - 2]) == (other[j - 2], wanted):
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]
