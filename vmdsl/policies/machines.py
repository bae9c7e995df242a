"""Policies about the machines that an image is for: its size, their firmware, their identity."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vmdsl.language.effects import TreeOperation
from vmdsl.operations.boot_loaders.boot_loader import BootLoader
from vmdsl.operations.boot_loaders.grub.bios import GrubBios
from vmdsl.operations.boot_loaders.grub.uefi import GrubUefi
from vmdsl.operations.files.files import CreateFile
from vmdsl.plan.plan import Plan
from vmdsl.policies.commands import commands
from vmdsl.policies.finding import Finding
from vmdsl.policies.texts import paths, scripts
from vmdsl.values import Size

_HOST_KEY = re.compile(r"/etc/ssh/ssh_host_[a-z0-9]+_key(?:\.pub)?")
#: Packages that make host keys when they are installed.
_SSH_SERVERS = frozenset(("openssh-server", "ssh", "task-ssh-server"))
_KEYS = "ssh_host_"
_MACHINE_ID = ("/etc/machine-id", "/var/lib/dbus/machine-id")
_ID = re.compile(r"\s*[0-9a-f]{32}\s*")


def image_fits(plan: Plan, *, size: Size) -> Iterator[Finding]:
    """Require that the image fits into the setting `size`, such as that of a medium."""
    layout = plan.layout
    if layout.size > size.bytes:
        yield Finding(
            what=f"the image has {Size(layout.size)}, and the project allows {size}",
            at=layout.disk,
            hint="make it smaller, or let it grow on the machine: grow_root()",
            about="size",
        )
    elif layout.open is not None:
        yield Finding(
            what=f"the image is as large as its content, which may be more than {size}",
            at=layout.disk,
            hint="give it a size, and let it grow on the machine: grow_root()",
            about="free",
        )


def both_firmwares(plan: Plan) -> Iterator[Finding]:
    """Require that the image boots on BIOS and on UEFI, if its architecture has both."""
    loaders = [one for one in plan.operations if isinstance(one, BootLoader)]
    if loaders and not all(one.root.arch.traits.bios for one in loaders):
        return
    has_bios = any(isinstance(one, GrubBios) for one in loaders)
    has_uefi = any(isinstance(one, GrubUefi) for one in loaders)
    at = next((one for one in loaders if isinstance(one, GrubBios | GrubUefi)), plan.layout.disk)
    if not has_uefi:
        what, hint = (
            "the image does not boot with UEFI",
            "add an EFI system partition, and grub_uefi()",
        )
        yield Finding(what=what, at=at, hint=hint)
    if not has_bios:
        hint = "add a partition of type bios-boot, and grub_bios()"
        yield Finding(what="the image does not boot on a BIOS", at=at, hint=hint)


def own_identity(plan: Plan) -> Iterator[Finding]:
    """Require that each machine makes its own identity: its machine-id, and host keys of SSH.

    vmdsl empties `/etc/machine-id` itself. Reported are files and scripts that write one, and an
    SSH server whose keys no later step removes.
    """
    for operation, path, _ in paths(plan):
        if path in _MACHINE_ID and isinstance(operation, CreateFile):
            if isinstance(operation.content, str) and _ID.fullmatch(operation.content):
                what = "all machines get the same machine-id"
                yield Finding(what=what, at=operation, hint="leave it out", about="content")
        elif _HOST_KEY.fullmatch(path):
            what = f"all machines get the same host key of SSH: {path}"
            hint = "leave it out: add_ssh_server() lets each machine make its own"
            yield Finding(what=what, at=operation, hint=hint)
    yield from _host_keys(plan)


def _host_keys(plan: Plan) -> Iterator[Finding]:
    """Report what makes host keys, unless a script removes them later."""
    texts = {id(script.at): script.text for script in scripts(plan)}
    made: list[Finding] = []
    for operation in plan.tree_operations:
        text = texts.get(id(operation), "")
        if _KEYS in text and operation.unless is None and _removes_keys(text):
            made.clear()
        elif _makes_keys(operation, text):
            made.append(
                Finding(
                    what="the host keys of SSH are made in the build: all machines get the same",
                    at=operation,
                    hint="remove them in a later step, as add_ssh_server() does",
                )
            )
    yield from made[:1]


def _removes_keys(script: str) -> bool:
    return any(
        program in ("rm", "shred", "find") and any(_KEYS in word for word in arguments)
        for program, *arguments in commands(script)
    )


def _makes_keys(operation: TreeOperation, script: str) -> bool:
    if not _SSH_SERVERS.isdisjoint(operation.packages_named()):
        return True
    return any(words[0] == "ssh-keygen" and "-A" in words for words in commands(script))
