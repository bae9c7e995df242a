"""The boot loader, as calls of the recipe."""

from __future__ import annotations

from vmdsl.machines import Arch
from vmdsl.similar import did_you_mean
from vmdsl.vmdb2.draft import HABITS, Argument, Call, Result
from vmdsl.vmdb2.from_yaml.context import Context
from vmdsl.vmdb2.from_yaml.system import system_for
from vmdsl.vmdb2.marked_scripts import SecondGrub
from vmdsl.vmdb2.schema import Grub
from vmdsl.vmdb2.text import Text


def grub(context: Context, step: Grub) -> None:
    """Write the boot loader, and the package that vmdb2's step installs."""
    if step.tag is None:
        context.problem(
            step, "grub", "which system it boots isn't said", "add tag:", code="spec-key"
        )
        return
    system = system_for(context, step, "grub", step.tag)
    if step.image_dev and step.image_dev != context.device:
        context.warn(
            step,
            "image_dev",
            f"the boot loader goes to the image, not to {step.image_dev}",
            "leave it out",
            code="spec-differs",
        )
    made = _flavour(context, step)
    if system is None or made is None:
        return
    package, function, arguments = made
    named: dict[str, Argument] = {}
    if step.console == "serial":
        named["console"] = "serial"
    elif step.console:
        context.warn(
            step,
            "console",
            f"the console {str(step.console)!r} changes nothing",
            "serial is the only one that does",
            code="spec-differs",
        )
    if step.timeout:
        named["timeout"] = step.timeout
    if step.kernel_params is not None:
        named["default_parameters"] = tuple(
            word for parameter in step.kernel_params for word in _words(context, step, parameter)
        )
    if step.quiet:
        named["quiet"] = True
    if context.skip_fact(step):
        context.problem(
            step,
            "unless",
            "the boot loader cannot be left out",
            "it is not in the tarball: remove unless",
            code="spec-condition",
        )
    installed = Call(function="apt", arguments=(system, package), where=step.where)
    context.emit(
        "boot_loader",
        step,
        *([] if isinstance(step, SecondGrub) else [installed]),
        Call(
            function=function,
            arguments=(system, *arguments),
            named=named,
            module=HABITS,
            where=step.where,
        ),
    )


def _words(context: Context, step: Grub, parameter: str) -> tuple[str, ...]:
    """Return the parameters of a text, which may hold several: vmdb2 puts all into one."""
    if not isinstance(parameter, Text) or not parameter.is_plain:
        return (context.text(step, parameter) if isinstance(parameter, Text) else parameter,)
    return tuple(parameter.split())


def _flavour(context: Context, step: Grub) -> tuple[str, str, tuple[Argument, ...]] | None:
    """Return the package, the function, and what it needs besides the system."""
    match str(step.grub):
        case "bios":
            return "grub-pc", "grub_bios", ()
        case "uefi":
            efi = Arch(context.arch).traits.efi
            package = f"grub-efi-{efi.package if efi else context.arch}"
            place = _partition_for(context, step, "efi")
            return (package, "grub_uefi", (place,)) if place else None
        case "ieee1275":
            place = _partition_for(context, step, "prep")
            return ("grub-ieee1275", "grub_ieee1275", (place,)) if place else None
    hint = did_you_mean(step.grub, ["bios", "uefi", "ieee1275"]) or "bios, uefi or ieee1275"
    context.problem(
        step, "grub", f"{str(step.grub)!r} is not a kind of GRUB", hint, code="spec-value"
    )
    return None


def _partition_for(context: Context, step: Grub, key: str) -> Result | None:
    name = getattr(step, key)
    if name is None:
        context.problem(
            step, "grub", f"grub: {step.grub} needs a partition", f"add {key}: TAG", code="spec-key"
        )
        return None
    tag = context.tag(step, key, name)
    if tag is None or not tag.step:
        return None
    if key == "efi" and tag.mkfs is None:
        what = f"there is no filesystem on {tag.name!r}"
        context.problem(
            step, key, what, "add mkfs: vfat", missing="mkfs", name=tag.name, code="spec-order"
        )
        return None
    return Result(tag.step)
