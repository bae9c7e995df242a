"""Removal of files that do not belong in an image."""

from __future__ import annotations

from vmdsl import RootFs, chroot, create_file

_TIDY = """\
# remove what an image should not carry
apt-get clean
rm -rf /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
rm -rf /root/.bash_history /root/.lesshst /root/.viminfo /root/.wget-hsts /root/.cache
rm -rf /home/*/.bash_history /home/*/.lesshst /home/*/.viminfo /home/*/.wget-hsts /home/*/.cache
rm -rf /var/lib/dhcp/*.leases /var/lib/dhcpcd/* /var/lib/NetworkManager/*.lease
rm -rf /var/lib/systemd/random-seed /var/lib/systemd/credential.secret /var/lib/systemd/timers
rm -rf /var/lib/cloud /var/log/journal/* /var/crash/* /var/spool/mail/root
rm -rf /etc/passwd- /etc/group- /etc/shadow- /etc/gshadow- /etc/subuid- /etc/subgid-
find /var/log -type f -delete
"""
_DOCS = """\
find /usr/share/doc -depth -type f ! -name copyright -delete
find /usr/share/doc -depth -type l -delete
find /usr/share/doc -depth -type d -empty -delete
rm -rf /usr/share/info/* /usr/share/doc-base/* /usr/share/lintian /usr/share/linda
"""
_MANUALS = "rm -rf /usr/share/man/* /var/cache/man/*\n"
_LANGUAGES = """\
find /usr/share/locale -mindepth 1 -maxdepth 1 -type d ! -name 'en*' ! -name C -exec rm -rf {} +
"""


def tidy(
    system: RootFs, *, docs: bool = True, manuals: bool = True, languages: bool = True
) -> None:
    """Remove files that do not belong in an image. Call it last.

    Removes logs, shell histories, caches, leases, the state of cloud-init, SSH host keys, and
    backups such as `/etc/passwd-`. With `docs=False`, `manuals=False` or `languages=False` it also
    removes documentation (except licences), manual pages or translations. Files of packages come
    back when the package is upgraded.

    Packages: none.
    """
    script = _TIDY
    script += "" if docs else _DOCS
    script += "" if manuals else _MANUALS
    script += "" if languages else _LANGUAGES
    chroot(system, script)


def forget_machine_id(system: RootFs, *, first_boot: bool = False) -> None:
    """Empty `/etc/machine-id`, so that each machine generates its own.

    With `first_boot`, systemd treats the next boot as the first one and applies its presets: it
    enables units that are enabled by default, even if a step has disabled them. Packages: none.
    """
    content = "uninitialized\n" if first_boot else ""
    create_file(system, "/etc/machine-id", content, mode=0o444)
    chroot(system, "rm -f /var/lib/dbus/machine-id")
