"""What an image should not carry."""

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
    """Remove what an image should not carry. Call it last.

    Logs, histories of shells, caches, leases, the state of cloud-init, host keys of SSH, and
    backups of `/etc/passwd` and its like are removed. So are documents (but for licences), manual
    pages, and translations of programs, where `docs`, `manuals` or `languages` are off. Files that
    packages bring come back with their next version.

    Packages: none.
    """
    script = _TIDY
    script += "" if docs else _DOCS
    script += "" if manuals else _MANUALS
    script += "" if languages else _LANGUAGES
    chroot(system, script)


def forget_machine_id(system: RootFs, *, first_boot: bool = False) -> None:
    """Leave `/etc/machine-id` to the machine, which makes its own; it is empty then in any image.

    With `first_boot` its next boot is a "first boot" for systemd, which enables the units that are
    enabled by default, also where a step has disabled them. Packages: none.
    """
    content = "uninitialized\n" if first_boot else ""
    create_file(system, "/etc/machine-id", content, mode=0o444)
    chroot(system, "rm -f /var/lib/dbus/machine-id")
