"""Machines that are configured by a cloud."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches

from vmdsl import RootFs, apt, create_file, grow_root, refuse, warn
from vmdsl_stdlib.network import use_dhcp
from vmdsl_stdlib.ssh import add_ssh_server

#: Each needs a sign from outside: a disk, or a server that the firmware names.
SOURCES = ("NoCloud", "ConfigDrive", "OpenStack", "Ec2", "Azure", "GCE", "Hetzner", "DigitalOcean")

#: All that cloud-init 25.1 of Debian 13 has.
_KNOWN = (
    *("Akamai", "AliYun", "AltCloud", "Azure", "Bigstep", "CloudCIX", "CloudSigma", "CloudStack"),
    *("ConfigDrive", "DigitalOcean", "Ec2", "Exoscale", "GCE", "Hetzner", "IBMCloud", "LXD"),
    *("MAAS", "NWCS", "NoCloud", "None", "OVF", "OpenNebula", "OpenStack", "Oracle", "RbxCloud"),
    *("Scaleway", "SmartOS", "UpCloud", "VMware", "Vultr", "WSL"),
)
_CONFIG = """\
datasource_list: [ {sources}, None ]
disable_root: true
ssh_pwauth: false
growpart: {{ mode: "off" }}
resize_rootfs: false
system_info: {{ network: {{ renderers: [ networkd ] }} }}
"""


def add_cloud_init(system: RootFs, *, sources: Sequence[str] = SOURCES) -> None:
    """Let a cloud configure the machine at its first boot, with cloud-init.

    Nobody can log in until the cloud, or a disk with the label `CIDATA`, provides a key for the
    user `debian`. The network is configured by DHCP, an SSH server runs, and the root filesystem
    grows to the end of the disk, even without a cloud. `sources` are the data sources that
    cloud-init looks for.

    Packages: `cloud-init`, `sudo`, and those of `use_dhcp()` and `add_ssh_server()`.
    """
    if isinstance(sources, str):
        raise refuse(
            "sources= is one text", f'write a list: sources=["{sources}"]', code="text-for-list"
        )
    for source in sources:
        if not re.fullmatch("[A-Za-z0-9]+", source):
            raise refuse(
                f"{source!r} is not a source of cloud-init",
                "write it like NoCloud",
                about="sources",
                code="cloud-init-source",
            )
        if source not in _KNOWN:
            _check_source(source)
    use_dhcp(system)
    add_ssh_server(system)
    grow_root(system)
    apt(system, "cloud-init", "sudo", recommends=False)
    config = _CONFIG.format(sources=", ".join(sources))
    create_file(system, "/etc/cloud/cloud.cfg.d/95_image.cfg", config)


def _check_source(source: str) -> None:
    """Refuse a misspelt data source; warn of one that may be newer than the table."""
    names = {name.casefold(): name for name in _KNOWN}
    what = f"cloud-init has no data source {source}"
    for close in get_close_matches(source.casefold(), names, n=1, cutoff=0.8):
        raise refuse(
            what, f"did you mean {names[close]}?", about="sources", code="cloud-init-source"
        )
    warn(
        f"{what}, as far as vmdsl knows",
        f"there are {', '.join(_KNOWN)}",
        about="sources",
        code="cloud-init-source",
    )
