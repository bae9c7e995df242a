"""A server for SSH."""

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
    """Let users log in by SSH, with their keys.

    `passwords` lets them in with a password too; `root` lets root in, with a key. The image holds
    no host keys: each machine makes its own when it first starts.

    Packages: `openssh-server`.
    """
    apt(system, "openssh-server", recommends=False)
    chroot(system, "rm -f /etc/ssh/ssh_host_*")
    rules = "" if passwords else _ONLY_KEYS
    rules += f"PermitRootLogin {'prohibit-password' if root else 'no'}\n"
    create_file(system, "/etc/ssh/sshd_config.d/10-server.conf", rules)
    create_file(system, "/etc/systemd/system/ssh-host-keys.service", _KEYS)
    enable_unit(system, "ssh-host-keys.service")
