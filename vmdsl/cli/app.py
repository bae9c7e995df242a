"""The commands of `vmdsl`. Each imports what it needs when it runs, so that --help is quick."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vmdsl.cli.cache import app as cache_app
from vmdsl.cli.convert import Force, Written, from_yaml, write_yaml
from vmdsl.cli.flags import Ahead, parser, with_flags
from vmdsl.cli.markup import literal
from vmdsl.cli.options import Cache, cache_of
from vmdsl.cli.paths import check_log, check_output, existing_file
from vmdsl.errors import UsageError
from vmdsl.values import GiB, Size

if TYPE_CHECKING:
    from vmdsl.builder.cache.cache_dir import CacheDir
    from vmdsl.plan.plan import Plan

_Recipe = Annotated[
    Path,
    typer.Argument(
        metavar="RECIPE",
        help="The recipe, a Python file; or a specification of vmdb2, where - is standard input.",
        show_default=False,
    ),
]
_Seed = Annotated[
    str, typer.Option(help="Changes every UUID of the image: the same text, the same UUIDs.")
]
_Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="The image. "
        + literal("[default: the recipe's name with .img, in the current directory]"),
        show_default=False,
    ),
]
_Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show all that the build's programs print.")
]
_OnError = Annotated[
    Literal["clean", "keep", "shell"],
    typer.Option(
        help="When a step fails: clean up, keep the tree as it is then, or open a shell in it."
    ),
]
_Timings = Annotated[bool, typer.Option("--timings", help="Show where the build's time went.")]
_Json = Annotated[bool, typer.Option("--json", help="Print all of the plan, as JSON.")]
_Refresh = Annotated[
    bool,
    typer.Option("--refresh", help="Look at the archives anew, even if that was done today."),
]
_Offline = Annotated[
    bool,
    typer.Option(
        "--offline", help="Use no network: the archives as they were last seen, and kept packages."
    ),
]
_NoCache = Annotated[
    bool,
    typer.Option(
        "--no-cache", help="Do every step anew: take nothing from earlier builds, and keep nothing."
    ),
]
_MEMORY = GiB(1)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 (typer calls it)
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 (slow)

        typer.echo(f"vmdsl {version('vmdsl')}")
        raise typer.Exit


#: `vmdb2 --version`, where a script calls vmdsl by that name.
_Version = Annotated[
    bool, typer.Option("--version", callback=_print_version, is_eager=True, hidden=True)
]


def make_app(ahead: Ahead | None) -> typer.Typer:
    """The commands, with the options of the recipe that the arguments name."""
    app = typer.Typer(
        name="vmdsl",
        help="Build bootable Debian disk images from typed Python recipes, without root.",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback()(_top)
    settings, epilog = {}, ""
    if ahead and not ahead.recipe and not ahead.is_specification:
        # It cannot be loaded, so its options aren't known; the command says what is wrong with it.
        settings = {"ignore_unknown_options": True, "allow_extra_args": True}
        epilog = literal(f"{ahead.path} cannot be loaded, so its own options are missing here.")
    for command in (build, check, plan, to_yaml):
        app.command(context_settings=settings, epilog=epilog)(with_flags(command, ahead))
    app.command()(from_yaml)
    app.command()(boot)
    app.command()(doctor)
    app.add_typer(cache_app())
    return app


def _top(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    del version  # its callback has seen to it


def build(
    recipe: _Recipe,  # noqa: ARG001 (`ahead` has it already)
    *,
    ahead: Ahead,
    values: Mapping[str, object],
    output: _Output = None,
    verbose: _Verbose = False,
    on_error: _OnError = "clean",
    timings: _Timings = False,
    cache_dir: Cache = None,
    seed: _Seed = "",
    refresh: _Refresh = False,
    offline: _Offline = False,
    no_cache: _NoCache = False,
    version: _Version = False,  # noqa: ARG001 (its callback has seen to it)
) -> None:
    """Build an image. The recipe is checked first, and nothing is built unless all is right."""
    _require_recipe(ahead)
    output = _output_of(ahead, output)
    check_output(output, ahead.path)
    if ahead.log:
        check_log(ahead.log, image=output, recipe=ahead.path)
    if refresh and offline:
        raise UsageError("--refresh needs the network, and --offline uses none: give one of them.")
    if on_error == "shell":
        from vmdsl.cli.terminal import require_terminal  # noqa: PLC0415

        require_terminal("--on-error shell", "use --on-error keep, and look into the tree later")
    cache = cache_of(cache_dir)
    made = _make_plan(ahead, values, cache, seed)
    made.require_buildable()

    from vmdsl.builder.build import build as build_image  # noqa: PLC0415
    from vmdsl.builder.cache.cache_dir import CacheOptions  # noqa: PLC0415
    from vmdsl.builder.job import OnError  # noqa: PLC0415
    from vmdsl.cli.progress import progress, show_built  # noqa: PLC0415
    from vmdsl.cli.timings import check_phase, show_timings  # noqa: PLC0415
    from vmdsl.host.checks import require_host  # noqa: PLC0415

    checked = check_phase()
    require_host(cache.path)
    with progress(verbose=verbose) as listener:
        built = build_image(
            made,
            output=output,
            cache=cache,
            caching=CacheOptions(use=not no_cache, refresh=refresh, offline=offline),
            listener=listener,
            on_error=OnError(on_error),
            log=ahead.log,
        )
    if timings:
        show_timings((checked, *built.phases))
    show_built(built)


def check(
    recipe: _Recipe,  # noqa: ARG001
    *,
    ahead: Ahead,
    values: Mapping[str, object],
    cache_dir: Cache = None,
) -> None:
    """Find the mistakes in a recipe, and build nothing.

    What is right but cannot be built yet, or not by this machine, is no mistake. It is shown too.
    """
    _require_recipe(ahead)
    made = _make_plan(ahead, values, cache_of(cache_dir), "")
    typer.echo(f"{ahead.path}: no mistakes")
    if made.obstacles:
        from rich.console import Console  # noqa: PLC0415 (slow)

        from vmdsl.cli.problems import show_obstacles  # noqa: PLC0415

        show_obstacles(made.obstacles, Console(highlight=False))


def plan(
    recipe: _Recipe,  # noqa: ARG001
    *,
    ahead: Ahead,
    values: Mapping[str, object],
    json: _Json = False,
    cache_dir: Cache = None,
    seed: _Seed = "",
) -> None:
    """Show what a build would do: the options, the disk, and every operation in order.

    Of an operation on the tree it says whether its result is in the cache, and of the first one
    that isn't, why. At its end is what cannot be built yet, or not by this machine.
    """
    _require_recipe(ahead)
    cache = cache_of(cache_dir)
    made = _make_plan(ahead, values, cache, seed)
    if json:
        from vmdsl.plan.render import plan_json  # noqa: PLC0415

        typer.echo(plan_json(made), nl=False)
    else:
        from vmdsl.builder.cache.forecast import expect  # noqa: PLC0415
        from vmdsl.cli.draw import draw_plan  # noqa: PLC0415

        draw_plan(made, expect(made, cache=cache))


def to_yaml(
    recipe: _Recipe,  # noqa: ARG001
    *,
    ahead: Ahead,
    values: Mapping[str, object],
    written: Written = None,
    force: Force = False,
    cache_dir: Cache = None,
    seed: _Seed = "",
) -> None:
    """Write a specification for vmdb2 that means the same as a recipe, or as an older one.

    What vmdb2 has no step for becomes a script; what no script can do is refused by name.
    """
    _require_recipe(ahead)
    write_yaml(_make_plan(ahead, values, cache_of(cache_dir), seed), written, force=force)


def boot(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="The image; it is not changed.")],
    *,
    firmware: Annotated[
        Literal["bios", "uefi", "secure-boot"],
        typer.Option(
            help="What starts the boot loader; secure-boot is UEFI that demands signatures."
        ),
    ],
    memory: Annotated[
        Size, typer.Option(parser=parser(Size), help="The machine's memory.")
    ] = _MEMORY,
    no_network: Annotated[
        bool, typer.Option("--no-network", help="Give the machine no network card.")
    ] = False,
    ssh_port: Annotated[
        int | None,
        typer.Option(
            help="A port of this machine that leads to the image's server for SSH.",
            min=1,
            max=65535,
            show_default=False,
        ),
    ] = None,
    cache_dir: Cache = None,
) -> int:
    """Run an image in QEMU, with its serial console on this terminal."""
    existing_file(image, "image", ".img")

    from vmdsl.boot.accel import choose  # noqa: PLC0415
    from vmdsl.boot.interactive import LEAVE, run_machine  # noqa: PLC0415
    from vmdsl.boot.machine import Firmware, Machine  # noqa: PLC0415

    machine = Machine(
        image=image,
        firmware=Firmware(firmware),
        memory=memory,
        network=not no_network,
        ssh_port=ssh_port,
        accel=choose(cache_of(cache_dir).kvm),
    )
    if sys.stdin.isatty():
        typer.echo(f"{LEAVE} ends the machine.", err=True)
    return run_machine(machine)


def doctor(*, cache_dir: Cache = None) -> int:
    """Say whether this machine can build and boot images, and what to do where it can't."""
    from vmdsl.cli.doctor import run_doctor  # noqa: PLC0415

    return run_doctor(cache_of(cache_dir).path)


def _require_recipe(ahead: Ahead) -> None:
    """Raise UsageError where there is neither a recipe nor a specification of vmdb2."""
    if not ahead.is_specification:
        is_recipe = ahead.path.suffix in {"", ".py"}
        kind, suffix = ("recipe", ".py") if is_recipe else ("specification", ahead.path.suffix)
        existing_file(ahead.path, kind, suffix)


def _output_of(ahead: Ahead, given: Path | None) -> Path:
    """Where the image goes: a specification says that itself."""
    if ahead.specification is not None:
        return ahead.specification.image
    return given or Path(f"{ahead.path.stem}.img")


def _make_plan(ahead: Ahead, values: Mapping[str, object], cache: CacheDir, seed: str) -> Plan:
    from vmdsl.plan.plan import make_plan  # noqa: PLC0415

    if ahead.specification:
        return ahead.specification.plan(values, seed=seed)
    with redirect_stdout(sys.stderr):  # what a recipe prints is no part of our output
        return make_plan(
            ahead.path, values, cache=cache.mypy, seed=seed, loaded=ahead.recipe, types=ahead.types
        )
