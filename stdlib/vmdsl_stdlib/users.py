"""Users, and who can log in."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from difflib import get_close_matches

from vmdsl import (
    RootFs,
    Secret,
    apt,
    chroot,
    create_directory,
    create_file,
    refuse,
    set_password,
    warn,
)

#: The highest number of 32 bits, which means no user.
_NO_USER = 2**32 - 1
_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_KEY = re.compile(r"(^|\s)(ssh-|ecdsa-sha2-|sk-)[a-z0-9@.-]+ [A-Za-z0-9+/]{60,}={0,2}(\s|$)")
#: Debian's own groups that users are put in, and those of packages that are often installed.
_GROUPS = (
    *("adm", "audio", "backup", "bluetooth", "cdrom", "dialout", "dip", "disk", "docker", "fax"),
    *("floppy", "fuse", "games", "gpio", "i2c", "incus", "incus-admin", "input", "kvm", "libvirt"),
    *("lp", "lpadmin", "mail", "netdev", "news", "nogroup", "operator", "plugdev", "proxy"),
    *("render", "root", "scanner", "shadow", "spi", "src", "ssl-cert", "staff", "sudo", "sys"),
    *("systemd-journal", "tape", "tty", "users", "utmp", "uucp", "video", "voice", "wireshark"),
    *("www-data", "_ssh", "ssh", "crontab", "sambashare", "sasl", "man", "bin", "daemon"),
)
#: The shells of Debian's packages, and those that let nobody log in.
_SHELLS = {
    **{
        name: f"/bin/{name}"
        for name in ("bash", "dash", "rbash", "sh", "zsh", "tcsh", "csh", "ksh")
    },
    **{
        name: f"/usr/bin/{name}"
        for name in ("fish", "mksh", "yash", "xonsh", "elvish", "git-shell")
    },
    "false": "/bin/false",
    "nologin": "/usr/sbin/nologin",
    "rssh": "/usr/bin/rssh",
}
#: The groups of other systems with the same purpose.
_ELSEWHERE = {"wheel": "sudo", "admin": "sudo", "uucp": "dialout", "http": "www-data"}
_USER = """\
# make the user {name}
id {name} >/dev/null 2>&1 || useradd --create-home --user-group{uid} {name}
usermod --shell {shell} {name}
"""


def add_user(
    system: RootFs,
    name: str,
    *,
    ssh_keys: str = "",
    password: Secret | None = None,
    sudo: bool = False,
    groups: Sequence[str] = (),
    shell: str = "/bin/bash",
    uid: int | None = None,
) -> None:
    """Create a user with a home directory, or change an existing one.

    `ssh_keys` is the content of `~/.ssh/authorized_keys`: a public key per line. Without
    `password`, the user cannot log in with a password. `sudo` lets the user become root, with the
    password if there is one. `groups` are further groups, which must exist.

    Packages: `sudo`, if `sudo` is on.
    """
    if not _NAME.fullmatch(name):
        raise refuse(
            f"{name!r} is not the name of a user",
            "names are lower case: ann, build-1",
            about="name",
            code="user-name",
        )
    if isinstance(groups, str):
        words = ", ".join(f'"{group}"' for group in groups.replace(",", " ").split())
        raise refuse("groups= is one text", f"write a list: groups=[{words}]", code="text-for-list")
    for group in groups:
        _check_group(group)
    _check_shell(shell)
    _check_keys(ssh_keys)
    if uid is not None and not 0 < uid < _NO_USER:
        hint = "Debian gives users numbers from 1000 to 59999"
        raise refuse(f"uid {uid} is not a number of a user", hint, about="uid", code="owner")
    number = "" if uid is None else f" --uid {uid}"
    script = _USER.format(name=name, uid=number, shell=shlex.quote(shell))
    if groups:
        script += f"usermod --append --groups {shlex.quote(','.join(groups))} {name}\n"
    chroot(system, script)
    if ssh_keys.strip():
        home = "/root" if name == "root" else f"/home/{name}"
        create_directory(system, f"{home}/.ssh", mode=0o700, uid=name, gid=name)
        create_file(
            system,
            f"{home}/.ssh/authorized_keys",
            f"{ssh_keys.strip()}\n",
            mode=0o600,
            uid=name,
            gid=name,
        )
    if password is not None:
        set_password(system, name, password)
    if sudo:
        apt(system, "sudo", recommends=False)
        rule = "ALL" if password is not None else "NOPASSWD: ALL"
        create_file(system, f"/etc/sudoers.d/{name}", f"{name} ALL=(ALL:ALL) {rule}\n", mode=0o440)


def _check_keys(ssh_keys: str) -> None:
    """Refuse what is not a public key of SSH."""
    for line in ssh_keys.splitlines():
        if line.strip() and not line.startswith("#") and not _KEY.search(line):
            what = f"{line[:40]!r} is not a public key of SSH"
            hint = "write ssh-ed25519 AAAA… as in a .pub file"
            raise refuse(what, hint, about="ssh_keys", code="ssh-key")


def _check_group(group: str) -> None:
    """Warn of a group that is like one of Debian's, or another system's."""
    close = get_close_matches(group, _GROUPS, n=1, cutoff=0.7)
    if group not in _GROUPS and (meant := _ELSEWHERE.get(group) or (close and close[0])):
        warn(
            f"Debian itself has no group {group}",
            f"did you mean {meant}?",
            about="groups",
            code="unknown-user",
        )


def _check_shell(shell: str) -> None:
    """Refuse a shell that is not a path; warn of one that is like one of Debian's."""
    name = shell.rpartition("/")[2]
    if not shell.startswith("/"):
        hint = f"give its path: {_SHELLS.get(name, '/bin/bash')}"
        raise refuse(f"{shell!r} is not the path of a shell", hint, about="shell", code="shell")
    close = get_close_matches(name, _SHELLS, n=1, cutoff=0.7)
    if name not in _SHELLS and close:
        what = f"Debian itself has no shell {shell}"
        warn(what, f"did you mean {_SHELLS[close[0]]}?", about="shell", code="shell")


def lock_root(system: RootFs) -> None:
    """Lock root's password, as it is in a new system. Packages: none."""
    chroot(system, "passwd --quiet --lock root")


def open_root_console(system: RootFs) -> None:
    """Let root log in on consoles without a password: for tests, and machines in locked rooms.

    The SSH server still refuses an empty password. Packages: none.
    """
    chroot(system, "passwd --quiet --delete root")
