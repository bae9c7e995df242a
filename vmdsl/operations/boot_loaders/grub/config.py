"""GRUB's configuration: one grub.cfg in the system, whatever firmware starts GRUB."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Literal, get_args

from vmdsl.language.effects import ImageOperation, Tree, TreeOperation
from vmdsl.language.handles import RootFs
from vmdsl.language.operation import one_of, operation, record, recorded, refuse
from vmdsl.operations.boot_loaders.grub.stand_ins import stand_ins

Console = Literal["screen", "serial"]

_QUIET = ("quiet", "systemd.show_status=false", "rd.systemd.show_status=false")
#: Neither the shell that reads /etc/default/grub nor GRUB itself takes anything else literally.
_PARAMETER = re.compile(r"[A-Za-z0-9_.,:=/@%+~^?*!\[\]-]+")
_SETTINGS = ("console", "timeout", "parameters", "default_parameters", "quiet")

# grub-mkconfig names a filesystem by its UUID only where udev has made the link.
_WRITE = """\
mkdir -p /boot/grub /dev/disk/by-uuid
: >"/dev/disk/by-uuid/$1"
GRUB_DISABLE_OS_PROBER=true grub-mkconfig -o /boot/grub/grub.cfg
grub-editenv /boot/grub/grubenv create
[ -e /etc/default/grub ] || cp /usr/share/grub/default/grub /etc/default/grub
"""


class GrubOperation:
    """What makes GRUB, and nothing else, so that grub.cfg stays as it is after it."""

    def needs(self) -> tuple[tuple[str, ...], ...]:
        """The packages whose files this takes: of each tuple, one must be installed."""
        return ()


@operation
class GrubConfig(TreeOperation, GrubOperation):
    """/boot/grub/grub.cfg, made by the system's own grub-mkconfig."""

    console: Console
    timeout: int
    parameters: tuple[str, ...]
    default_parameters: tuple[str, ...]
    quiet: bool

    def summary(self) -> str:
        return "write /boot/grub/grub.cfg"

    def apply(self, tree: Tree) -> None:
        """Write the settings where the system's own update-grub reads them, and run that."""
        tree.write("/etc/default/grub.d/50-vmdsl.cfg", self.defaults())
        for program, script in stand_ins(tree.layout).items():
            file = tree.scratch / PurePosixPath(program).name
            file.write_text(script, encoding="utf-8")
            file.chmod(0o755)
            tree.bind(file, program)
        root = tree.layout.holding("/").filesystem.uuid
        tree.chroot("sh", "-ec", _WRITE, "sh", root)

    def defaults(self) -> str:
        """The settings as /etc/default/grub has them."""
        for_all, terminal = list(self.parameters), ""
        writable = self.root.mounted.filesystem.traits.starts_writable
        if writable and not {"ro", "rw"}.intersection(for_all):
            for_all.append("rw")
        if self.console == "serial":
            for_all += ["console=tty0", f"console={self.root.arch.traits.serial}"]
            # On other machines the firmware's console is the serial port already.
            terminal = "console serial" if self.root.arch.traits.bios else "console"
        by_default = [*(_QUIET if self.quiet else ()), *self.default_parameters]
        lines = [
            f"GRUB_TIMEOUT={self.timeout}",
            "GRUB_DISTRIBUTOR=Debian",
            f'GRUB_CMDLINE_LINUX="{" ".join(for_all)}"',
            f'GRUB_CMDLINE_LINUX_DEFAULT="{" ".join(by_default)}"',
        ]
        if terminal:
            lines.append(f'GRUB_TERMINAL="{terminal}"')
        if "serial" in terminal:
            lines.append('GRUB_SERIAL_COMMAND="serial --unit=0 --speed=115200"')
        return "".join(f"{line}\n" for line in lines)


def configure(
    root: RootFs,
    *,
    console: Console,
    timeout: int,
    parameters: Sequence[str],
    default_parameters: Sequence[str],
    quiet: bool,
) -> None:
    """Record the configuration, unless it was and nothing has changed the system since."""
    one_of("console", console, get_args(Console))
    if timeout < -1:
        raise refuse(
            f"a timeout of {timeout}",
            "give seconds; -1 waits until somebody chooses",
            about="timeout",
        )
    wanted = GrubConfig(
        root=root,
        console=console,
        timeout=timeout,
        parameters=_checked("parameters", parameters),
        default_parameters=_checked("default_parameters", default_parameters),
        quiet=quiet,
    )
    current = False
    for earlier in recorded():
        if isinstance(earlier, GrubConfig) and earlier.root is root:
            _same(wanted, earlier)
            current = True
        elif isinstance(earlier, TreeOperation | ImageOperation):
            current = current and isinstance(earlier, GrubOperation)
    if not current:
        record(wanted)


def _same(wanted: GrubConfig, other: GrubConfig) -> None:
    for name in _SETTINGS:
        mine, others = getattr(wanted, name), getattr(other, name)
        if mine != others:
            raise refuse(
                f"{name} is {mine!r} here, and {others!r} at {other.origin.where}",
                "there is one grub.cfg for all firmware: give each call the same settings",
            )


def _checked(name: str, parameters: Sequence[str]) -> tuple[str, ...]:
    if isinstance(parameters, str):
        raise refuse(f"{name}= is one text", f'write a tuple: {name}=("{parameters}",)')
    for number, parameter in enumerate(parameters):
        if not _PARAMETER.fullmatch(parameter):
            several = len(parameter.split()) > 1
            raise refuse(
                f"{parameter!r} is no kernel parameter that GRUB can pass on",
                "give each parameter by itself"
                if several
                else "there are no spaces, quotes, or signs such as $ and ; in one",
                about=f"{name}[{number}]",
            )
    return tuple(parameters)
