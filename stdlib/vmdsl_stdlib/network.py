"""The machine's name, and its network."""

from __future__ import annotations

import re

from vmdsl import RootFs, apt, chroot, create_file, refuse
from vmdsl_stdlib.units import enable_unit

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
_LONGEST = 64

_DHCP = """\
[Match]
Name=en* eth*

[Network]
DHCP=yes

[DHCPv4]
UseDomains=yes
"""
#: Without a cable, units that want a network neither wait for ever nor fail.
_WAIT = """\
[Service]
ExecStart=
ExecStart=-/lib/systemd/systemd-networkd-wait-online --any --timeout=30
"""


def set_hostname(system: RootFs, name: str, *, domain: str = "", hosts: bool = True) -> None:
    """Set the machine's name. With `domain`, its full name is `name.domain`.

    Writes `/etc/hostname`, and `/etc/hosts` unless `hosts` is off. Packages: none.
    """
    full = f"{name}.{domain}" if domain else name
    labels = [name, *(domain.split(".") if domain else [])]
    if len(name) > _LONGEST or not all(_LABEL.fullmatch(label) for label in labels):
        hint = "use letters, digits and hyphens"
        if len(name) > _LONGEST:
            hint = f"use up to {_LONGEST} characters"
        first, _, rest = name.partition(".")
        if rest and not domain:
            hint = f'the rest is its domain: set_hostname(…, "{first}", domain="{rest}")'
        raise refuse(
            f"{full!r} is not the name of a machine",
            hint,
            about="name",
            code="host-name",
        )
    names = f"{full} {name}" if domain else name
    create_file(system, "/etc/hostname", f"{name}\n")
    if hosts:
        create_file(system, "/etc/hosts", _hosts(names))


def _hosts(names: str) -> str:
    return (
        f"127.0.0.1 localhost\n127.0.1.1 {names}\n"
        "::1 localhost ip6-localhost ip6-loopback\n"
        "ff02::1 ip6-allnodes\nff02::2 ip6-allrouters\n"
    )


def remove_resolver(system: RootFs, *, links: bool = True) -> None:
    """Remove `/etc/resolv.conf`, so that a program in the machine can write it.

    With `links=False` a symlink stays, as it says which program that is. Packages: none.
    """
    chroot(system, f"{'' if links else '[ -L /etc/resolv.conf ] || '}rm -f /etc/resolv.conf")


def use_dhcp(system: RootFs) -> None:
    """Configure every wired interface by DHCP and IPv6 router advertisements.

    systemd-networkd does this, and systemd-resolved resolves names. The system also boots without
    a network. Packages: `systemd-resolved`.
    """
    apt(system, "systemd-resolved", recommends=False)
    create_file(system, "/etc/systemd/network/80-dhcp.network", _DHCP)
    wait = "/etc/systemd/system/systemd-networkd-wait-online.service.d/no-failure.conf"
    create_file(system, wait, _WAIT)
    enable_unit(system, "systemd-networkd.service", "systemd-resolved.service")
