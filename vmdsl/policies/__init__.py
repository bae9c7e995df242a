"""Policies: typed functions that hold plans to the rules of a project.

A policy takes a Plan and returns its findings. A project names its policies in the table
`[tool.vmdsl]` of pyproject.toml, those of vmdsl by name (`no-open-login`) and others as
`module:function`; `vmdsl check` and `vmdsl build` run them.

    from collections.abc import Iterator
    from vmdsl.policies import Apt, Finding, Plan

    def no_telnet(plan: Plan) -> Iterator[Finding]:
        \"\"\"No machine of ours has telnet.\"\"\"
        for operation in plan.tree_operations:
            if "telnet" in operation.packages_named():
                yield Finding(what="telnet is installed", at=operation, hint="use ssh")
"""

from vmdsl.operations.files.directories import CopyTree
from vmdsl.operations.files.files import CopyFile, CreateFile
from vmdsl.operations.files.passwords import SetPassword
from vmdsl.operations.packages.apt import Apt
from vmdsl.operations.packages.sources import AptSource
from vmdsl.operations.scripts.shells import Chroot, HostShell
from vmdsl.operations.systems.mmdebstrap import Debootstrap
from vmdsl.plan.plan import OptionValue, Plan
from vmdsl.policies.commands import commands
from vmdsl.policies.finding import Finding, Policy
from vmdsl.policies.logins import no_open_login
from vmdsl.policies.machines import both_firmwares, image_fits, own_identity
from vmdsl.policies.network import no_downloads, pinned_archives, signed_sources

__all__ = [
    "Apt",
    "AptSource",
    "Chroot",
    "CopyFile",
    "CopyTree",
    "CreateFile",
    "Debootstrap",
    "Finding",
    "HostShell",
    "OptionValue",
    "Plan",
    "Policy",
    "SetPassword",
    "both_firmwares",
    "commands",
    "image_fits",
    "no_downloads",
    "no_open_login",
    "own_identity",
    "pinned_archives",
    "signed_sources",
]
