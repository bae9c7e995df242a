"""GRUB's configuration: one grub.cfg in the system, whatever firmware starts GRUB."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Unpack

from vmdsl.errors import Advice, Problem
from vmdsl.language.effects import Tree, TreeOperation
from vmdsl.language.handles import Filesystem, Luks, RootFs, traits_of
from vmdsl.language.operation import Operation, operation, record, recorded, refuse
from vmdsl.operations.boot_loaders.boot_loader import BootLoader, BootMenu, BootSettings
from vmdsl.operations.packages.named import named_above

_DEFAULTS = "/etc/default/grub"
_SETTINGS, _LATER = f"{_DEFAULTS}.d/50-vmdsl.cfg", f"{_DEFAULTS}.d/60-own.cfg"
#: Packages with GRUB's modules alone, and those that depend on grub2-common.
_ALONE = re.compile(r"grub-[a-z0-9-]+-bin")
_WITH_TOOLS = re.compile(
    r"grub2(-common)?|grub-(pc|coreboot|xen|ieee1275)|grub-efi(-(amd64|ia32|arm64|arm|riscv64|loong64))?"
    r"|grub-cloud-.*|shim-signed"
)
_NAMED = re.compile(rf"{_DEFAULTS}(?![\w./])")
#: What a build always sets, where a script gives it a value: echo, sed and the like.
_SET = re.compile(r"\bGRUB_(?:TIMEOUT|DISTRIBUTOR|CMDLINE_LINUX(?:_DEFAULT)?)(?==)")
_FOR_GRUB = (
    'give it kdf="pbkdf2", which is all that GRUB knows; or /boot a filesystem of its own, which '
    "is not encrypted"
)
_WRITE = """\
mkdir -p /boot/grub
grub-mkconfig -o /boot/grub/grub.cfg
grub-editenv /boot/grub/grubenv create
[ -e /etc/default/grub ] || cp /usr/share/grub/default/grub /etc/default/grub
"""


@operation
class GrubPart(BootLoader):
    """GRUB for one kind of firmware. It leaves grub.cfg as it is."""

    title = "GRUB"


@operation
class GrubConfig(BootMenu):
    """/boot/grub/grub.cfg, made by the system's own grub-mkconfig."""

    title = "GRUB"

    def summary(self) -> str:
        return "write /boot/grub/grub.cfg"

    def reads(self, filesystem: Filesystem) -> bool:
        return bool(traits_of(filesystem).grub_module)

    def how_to_unlock(self, luks: Luks) -> str:
        return "" if luks.kdf == "pbkdf2" else _FOR_GRUB

    def check_plan(self, operations: Sequence[Operation], *, complete: bool) -> Iterator[Problem]:
        """Report that GRUB's settings are missing, and warn of those that this replaces."""
        yield from super().check_plan(operations, complete=complete)
        if next(one for one in operations if isinstance(one, GrubConfig)) is not self:
            return
        named = named_above(self, operations) if complete else None
        if (
            named
            and any(map(_ALONE.fullmatch, named.present))
            and not any(map(_WITH_TOOLS.fullmatch, named.present))
        ):
            why = "has GRUB's settings, and which its packages with -bin do not depend on"
            yield self.missing("grub2-common", why, named.kind)
        for one in operations:
            if not isinstance(one, TreeOperation):
                continue
            written = one.text_of(_DEFAULTS)
            texts = [(script.about, script.text) for script in one.scripts()]
            texts = [(about, text) for about, text in texts if _NAMED.search(text)]
            for about, text in [("content", written)] if written is not None else texts:
                if found := _SET.search(text):
                    what = f"{found[0]} of {_DEFAULTS} has no effect: {_SETTINGS} sets it, too"
                    hint = f"give {self.title}'s step the setting, or write it to {_LATER}"
                    yield one.problem(
                        what, hint, about=about, kind=Advice, code="boot-loader-setting"
                    )

    def apply(self, tree: Tree) -> None:
        """Write the settings where the system's own update-grub reads them, and run that."""
        settings = self.defaults()
        if tree.layout.luks_below(tree.layout.holding("/boot/grub")):
            settings += "GRUB_ENABLE_CRYPTODISK=y\n"
        tree.write(_SETTINGS, settings)
        tree.chroot("sh", "-ec", _WRITE)

    def defaults(self) -> str:
        """Return the settings as /etc/default/grub has them."""
        lines = [
            f"GRUB_TIMEOUT={self.timeout}",
            "GRUB_DISTRIBUTOR=Debian",
            f'GRUB_CMDLINE_LINUX="{" ".join(self.for_every_entry())}"',
            f'GRUB_CMDLINE_LINUX_DEFAULT="{" ".join(self.for_usual_entries())}"',
        ]
        if self.console == "serial" and self.root.arch.traits.bios:
            lines.append('GRUB_TERMINAL="console serial"')
            lines.append('GRUB_SERIAL_COMMAND="serial --unit=0 --speed=115200"')
        elif self.console == "serial":  # which the firmware's console is already
            lines.append('GRUB_TERMINAL="console"')
        return "".join(f"{line}\n" for line in lines)


def configure(root: RootFs, **settings: Unpack[BootSettings]) -> None:
    """Record the configuration, unless it was and nothing has changed the system since."""
    wanted = GrubConfig(root=root, **settings)
    current = False
    for earlier in recorded():
        if isinstance(earlier, GrubConfig) and earlier.root is root:
            _check_same(wanted, earlier)
            current = True
        elif isinstance(earlier, TreeOperation):
            current = current and isinstance(earlier, GrubPart)
    if not current:
        record(wanted)


def _check_same(wanted: GrubConfig, other: GrubConfig) -> None:
    for name in BootSettings.__annotations__:
        mine, others = getattr(wanted, name), getattr(other, name)
        if mine != others:
            raise refuse(
                f"{name} is {mine!r} here, and {others!r} at {other.origin.where}",
                "there is one grub.cfg for all firmware: give each call the same settings",
                code="boot-loader-setting",
            )
