"""The commands of `vmdsl`, and those that run or examine this machine: boot and doctor."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from vmdsl.builder.image.formats import RAW
from vmdsl.cli import cache, recipes
from vmdsl.cli.convert import from_yaml
from vmdsl.cli.diff import diff
from vmdsl.cli.explain import explain
from vmdsl.cli.listing import list_recipes
from vmdsl.cli.new import new
from vmdsl.cli.options import Cache, Command, cache_of, parser, print_version
from vmdsl.cli.paths import existing_file
from vmdsl.cli.recipe_command import BuildCommand, CommandLine, RecipeCommand
from vmdsl.cli.write import write
from vmdsl.errors import HostError
from vmdsl.machines import Arch
from vmdsl.values import GiB, Size

_MEMORY = GiB(1)
_BOOTED = ", ".join(arch for arch in Arch if arch.traits.qemu)


def make_app() -> typer.Typer:
    """Return the command line as typer has it."""
    app = typer.Typer(
        name="vmdsl",
        cls=CommandLine,
        help="Build bootable Debian disk images from typed Python recipes, without root.",
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback()(_top)
    app.command(cls=BuildCommand)(recipes.build)
    for command in (recipes.check, recipes.plan, recipes.to_yaml):
        app.command(cls=RecipeCommand)(command)
    app.command("list", cls=Command)(list_recipes)
    for other in (diff, new, from_yaml, boot, write, doctor, explain):
        app.command(cls=Command)(other)
    app.add_typer(cache.app())
    return app


def _top(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=print_version, is_eager=True),
    ] = False,
) -> None:
    del version  # its callback has seen to it


def _check_credentials(texts: list[str] | None) -> list[str] | None:
    for text in texts or ():
        if not re.fullmatch(r"[\w@.:-]+=.*", text, re.ASCII | re.DOTALL):
            raise typer.BadParameter(f"{text} is not a credential: NAME=VALUE")
    return texts


def _parts(credential: str) -> tuple[str, str]:
    name, _, value = credential.partition("=")
    return name, value


def boot(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="The image; it is not changed.")],
    *,
    firmware: Annotated[
        Literal["bios", "uefi", "secure-boot", "ieee1275"] | None,
        typer.Option(
            help="What starts the boot loader; secure-boot is UEFI that demands signatures, and "
            "ieee1275 is Open Firmware. "
            r"\[default: what the image is made for]",
            show_default=False,
        ),
    ] = None,
    arch: Annotated[
        Arch | None,
        typer.Option(
            help=rf"The machine's architecture: {_BOOTED}. \[default: that of the image]",
            metavar="ARCH",
            show_choices=False,
            show_default=False,
        ),
    ] = None,
    memory: Annotated[
        Size, typer.Option(parser=parser(Size), help="The machine's memory.")
    ] = _MEMORY,
    no_network: Annotated[
        bool, typer.Option("--no-network", help="Give the machine no network card.")
    ] = False,
    ssh_port: Annotated[
        int | None,
        typer.Option(
            help="A port of this machine that is forwarded to the image's SSH server.",
            min=1,
            max=65535,
            show_default=False,
        ),
    ] = None,
    credential: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            callback=_check_credentials,
            help="A credential for the image's systemd; may be given several times.",
            show_default=False,
        ),
    ] = None,
    cache_dir: Cache = None,
) -> int:
    """Run an image in QEMU, with its serial console on this terminal."""
    existing_file(image, "image", RAW.suffix)

    from vmdsl.boot.accel import kvm_problem  # noqa: PLC0415 (slow)
    from vmdsl.boot.firmware import find_firmware  # noqa: PLC0415
    from vmdsl.boot.interactive import LEAVE, run_machine  # noqa: PLC0415
    from vmdsl.boot.machine import Accel, Firmware, Machine  # noqa: PLC0415

    chosen = find_firmware(image, firmware=Firmware(firmware) if firmware else None, arch=arch)
    if chosen.reason:
        typer.echo(f"Firmware: {chosen.firmware} of {chosen.arch}, as {chosen.reason}.", err=True)
    slow = kvm_problem(cache_of(cache_dir).kvm, arch=chosen.arch)
    if slow:
        typer.echo(f"Without KVM this is slow. {slow} See: vmdsl doctor", err=True)
    machine = Machine(
        image=image,
        firmware=chosen.firmware,
        arch=chosen.arch,
        memory=memory,
        network=not no_network,
        ssh_port=ssh_port,
        credentials=tuple(_parts(text) for text in credential or ()),
        accel=Accel.TCG if slow else Accel.KVM,
        sector=chosen.sector,
    )
    if sys.stdin.isatty():
        typer.echo(f"{LEAVE} ends the machine.", err=True)
    return run_machine(machine)


def doctor(*, cache_dir: Cache = None) -> int:
    """Report whether this machine can build and boot images, and how to fix it where it can't."""
    from rich.console import Console  # noqa: PLC0415 (slow)

    from vmdsl.boot.accel import check_kvm  # noqa: PLC0415
    from vmdsl.cli.problems import show_results  # noqa: PLC0415
    from vmdsl.host.checks import check_host  # noqa: PLC0415

    cache = cache_of(cache_dir)
    results = (*check_host(cache.path), check_kvm(cache.kvm))
    show_results(results, Console())
    return HostError.exit_code if any(r.problem and r.fatal for r in results) else 0
