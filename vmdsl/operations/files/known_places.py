"""Places in a system where files need certain names or a mode, or where nothing reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from vmdsl.similar import did_you_mean

_CRON = (r"[A-Za-z0-9_-]+", "cron", "names of letters, digits, _ and -")
#: The names that are read in a directory, the program that reads it, and which names those are.
_NAMES = {
    **{f"/etc/cron.{when}": _CRON for when in ("d", "hourly", "daily", "weekly", "monthly")},
    "/etc/sudoers.d": (r"[^.~]*[^.~]", "sudo", "names without a dot"),
    "/etc/apt/sources.list.d": (r".+\.(?:list|sources)", "apt", "NAME.sources"),
    "/etc/apt/preferences.d": (r"[A-Za-z0-9_-]+|.+\.pref", "apt", "NAME.pref"),
    "/etc/apt/apt.conf.d": (r"[A-Za-z0-9_-]+|.+\.conf", "apt", "NAME.conf"),
    "/etc/sysctl.d": (r".+\.conf", "sysctl", "NAME.conf"),
    "/etc/modprobe.d": (r".+\.conf", "modprobe", "NAME.conf"),
    "/etc/modules-load.d": (r".+\.conf", "systemd", "NAME.conf"),
    "/etc/tmpfiles.d": (r".+\.conf", "systemd-tmpfiles", "NAME.conf"),
    "/etc/sysusers.d": (r".+\.conf", "systemd-sysusers", "NAME.conf"),
    "/etc/systemd/network": (r".+\.(?:network|netdev|link)", "systemd-networkd", "NAME.network"),
    **dict.fromkeys(
        ("/etc/systemd/system", "/etc/systemd/user"),
        (
            r".+\.(?:service|socket|target|timer|path|mount|automount|swap|slice|scope|device)",
            "systemd",
            "NAME.service and other kinds of units",
        ),
    ),
    "/etc/ssh/sshd_config.d": (r".+\.conf", "sshd", "NAME.conf"),
    "/etc/ssh/ssh_config.d": (r".+\.conf", "ssh", "NAME.conf"),
    "/etc/ld.so.conf.d": (r".+\.conf", "ldconfig", "NAME.conf"),
    "/etc/profile.d": (r".+\.c?sh", "the login shell", "NAME.sh"),
    "/etc/udev/rules.d": (r".+\.rules", "udev", "NAME.rules"),
    "/etc/polkit-1/rules.d": (r".+\.rules", "polkit", "NAME.rules"),
    "/etc/netplan": (r".+\.yaml", "netplan", "NAME.yaml"),
}
#: Directories whose files are run, and so must be executable.
_RUN = (
    *("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"),
    *("/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly", "/etc/cron.monthly"),
    *("/etc/init.d", "/etc/grub.d", "/etc/kernel/postinst.d", "/etc/initramfs-tools/hooks"),
)
#: These are empty when a system starts, and while an operation works.
_EMPTY = ("/run", "/var/run", "/proc", "/sys", "/dev")
#: What the file and the directory of pins begin with, and what a pin can be about.
_PINS = "/etc/apt/preferences"
_PIN_TYPES = ("release", "version", "origin")
_OF_A_SHELL = re.compile(r"\$\{?[A-Z_][A-Z0-9_]*\}?|(?<=/)~(?=/)")


def doubts(path: str, *, mode: int | None, is_script: bool) -> Iterator[tuple[str, str, str]]:
    """Yield what may be wrong with a file at a path, a hint, and the argument that is meant.

    A mode of None is not known.
    """
    place, name = str(PurePosixPath(path).parent), PurePosixPath(path).name
    if place in _NAMES:
        pattern, reader, wanted = _NAMES[place]
        if not re.fullmatch(pattern, name):
            yield f"{reader} does not read {path}", f"it reads {wanted}", "path"
    if is_script and mode is not None and not mode & 0o111 and place in _RUN:
        yield f"{path} is a script that nobody may run", "add mode=0o755", "mode"
    for empty in _EMPTY:
        if path.startswith(f"{empty}/"):
            what = f"{empty} is empty when a system starts, so it does not have {path}"
            yield what, "write it elsewhere, such as to /etc", "path"
    if found := _OF_A_SHELL.search(path):
        what = f"nothing replaces {found[0]} in the path {path}"
        yield what, "write the path out", "path"


def doubts_of_pins(path: str, text: str) -> Iterator[tuple[str, str]]:
    """Yield what apt does not take of a file with pins, and a hint; nothing for other files."""
    if not path.startswith(_PINS):
        return
    for line in text.splitlines():
        key, _, value = line.partition(":")
        word = (value.split() or [""])[0]
        if key.strip().casefold() == "pin" and word.casefold() not in _PIN_TYPES:
            what = f"apt has no pins of the type {word!r}, and leaves this one out"
            hint = did_you_mean(word, _PIN_TYPES) or f"there are {', '.join(_PIN_TYPES)}"
            yield what, hint
