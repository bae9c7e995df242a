"""An SSH server."""

from __future__ import annotations

from vmdsl import RootFs, apt, chroot, create_file
from vmdsl_stdlib.units import enable_unit

_KEYS = """\
[Unit]
Description=Make the host keys of SSH that are missing
Before=ssh.service ssh.socket sshd@.service
After=systemd-remount-fs.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/ssh-keygen -A

[Install]
RequiredBy=ssh.service
WantedBy=ssh.socket
"""
_ONLY_KEYS = "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"


def add_ssh_server(system: RootFs, *, passwords: bool = False, root: bool = False) -> None:
    """Install an SSH server, which lets users log in with their keys.

    `passwords` allows passwords too; `root` lets root log in, with a key. The image contains no
    host keys: each machine generates its own at its first boot.

    Packages: `openssh-server`.
    """
    apt(system, "openssh-server", recommends=False)
    chroot(system, "rm -f /etc/ssh/ssh_host_*")
    rules = "" if passwords else _ONLY_KEYS
    rules += f"PermitRootLogin {'prohibit-password' if root else 'no'}\n"
    create_file(system, "/etc/ssh/sshd_config.d/10-server.conf", rules)
    create_file(system, "/etc/systemd/system/ssh-host-keys.service", _KEYS)
    enable_unit(system, "ssh-host-keys.service")
