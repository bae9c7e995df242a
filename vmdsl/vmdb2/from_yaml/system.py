"""Steps that make the system, as calls of the recipe; and the system that other steps work on."""

from __future__ import annotations

from collections.abc import Mapping

from vmdsl.language.handles import traits_of
from vmdsl.machines import Arch, arch_of
from vmdsl.similar import closest
from vmdsl.vmdb2.draft import HABITS, Argument, Call, Read, Result
from vmdsl.vmdb2.from_yaml.context import SUBSTITUTE, Context, is_placeholder
from vmdsl.vmdb2.from_yaml.flow import FILESYSTEMS
from vmdsl.vmdb2.schema import (
    CacheRootfs,
    Chroot,
    Debootstrap,
    Fstab,
    ResizeRootfs,
    SpecStep,
    UnpackRootfs,
)
from vmdsl.vmdb2.text import Text

_VARIANTS = {"-": "", "": "", "minbase": "minbase", "buildd": "buildd"}


def root_of(context: Context) -> Result:
    """Return the root filesystem, for a call."""
    return Result(context.root.step if context.root else "")


def is_root(context: Context, step: SpecStep, kind: str, name: str, *, key: str = "tag") -> bool:
    """Return whether a tag is that of the root filesystem, mounted above; note a mistake if not."""
    tag = context.tag(step, key, name)
    if tag is None:
        return False
    if tag.mount is None:
        context.problem(
            step,
            key,
            f"{tag.name!r} is not mounted above",
            f"add above: mount: {name}",
            missing="mount",
            name=tag.name,
            code="spec-order",
        )
    elif tag.mount.where.line > step.where.line:
        context.problem(
            step,
            key,
            f"{name!r} is mounted below, at line {tag.mount.where.line}",
            "move the mount up",
            code="spec-order",
        )
    elif tag is not context.root:
        root = context.root.name if context.root else "none"
        context.problem(
            step,
            key,
            f"{kind} takes the root filesystem, which {name!r} is not",
            f"the root filesystem is {root!r}",
            missing="mount",
            code="spec-order",
        )
    else:
        return True
    return False


def system_for(
    context: Context, step: SpecStep, kind: str, name: str, *, key: str = ""
) -> Result | None:
    """Return the system that a step works on; note a mistake if there is none."""
    if not is_root(context, step, kind, name, key=key or _key_of(step)):
        return None
    if not context.system:
        context.problem(
            step,
            key or _key_of(step),
            f"{kind} before there is a system",
            "put it below debootstrap",
            missing="debootstrap",
            code="spec-order",
        )
        return None
    return Result(context.system)


def _key_of(step: SpecStep) -> str:
    return "chroot" if isinstance(step, Chroot) else "tag"


def place_for(context: Context, step: SpecStep) -> Result | None:
    """Return the system, for files; note a mistake if no root filesystem is mounted."""
    if context.root is None or context.root.mount is None:
        what = "no root filesystem is mounted"
        tag = context.target
        context.problem(
            step, "path", what, "add mount: above", missing="mount", name=tag, code="spec-order"
        )
        return None
    return Result(context.system)


def comes_later(context: Context, step: SpecStep) -> bool:
    """Return whether a step has to wait for the system, which wants an empty tree."""
    if context.system:
        return False
    context.deferred.append(step)
    return True


def debootstrap(context: Context, step: Debootstrap) -> None:
    """Write the system that debootstrap makes."""
    if not is_root(context, step, "debootstrap", step.target, key="target"):
        context.system = context.system or context.name("system")  # one mistake is enough
        return
    if context.system:
        context.problem(
            step, "debootstrap", "a second system", "one is enough for an image", code="spec-twice"
        )
        return
    named: dict[str, Argument] = {
        "suite": _suite(context, step),
        **_architecture(context, step),
        "mirror": _mirror(context, step),
    }
    if step.keyring:
        named["keyring"] = context.text(step, step.keyring)
        if not step.install_keyring:
            named["install_keyring"] = False
    components = _words(context, step, step.components)
    if components and components != ("main",):
        named["components"] = components
    if variant := _variant(context, step):
        named["variant"] = variant
    for name in ("include", "exclude"):
        if words := _words(context, step, getattr(step, name)):
            named[name] = words
    if step.tls_ca_certs:
        named["tls_ca_certs"] = context.texts(step, step.tls_ca_certs)
    named |= context.skip_fact(step)
    call = Call(
        function="debootstrap",
        arguments=(root_of(context),),
        named=named,
        module=HABITS,
        where=step.where,
    )
    context.system = context.emit("system", step, call, returns="RootFs")


def _suite(context: Context, step: Debootstrap) -> Argument:
    if step.debootstrap and not is_placeholder(step.debootstrap):
        return context.text(step, step.debootstrap)
    what = f"{str(step.debootstrap)!r} is not a suite of Debian"
    hint = SUBSTITUTE if step.debootstrap else "such as trixie"
    context.problem(step, "debootstrap", what, hint, code="suite")
    return "stable"


def _architecture(context: Context, step: Debootstrap) -> Mapping[str, Argument]:
    if not step.arch:
        return {}
    try:
        arch = Arch(str(step.arch))
    except ValueError:
        meant = arch_of(str(step.arch)) or closest(step.arch, list(Arch))
        hint = f"did you mean {meant}?" if meant else f"there are {', '.join(Arch)}"
        if is_placeholder(step.arch):
            hint = SUBSTITUTE
        context.problem(
            step,
            "arch",
            f"{str(step.arch)!r} is not an architecture of Debian",
            hint,
            code="spec-value",
        )
        return {}
    context.arch = arch.value
    return {} if arch is Arch.AMD64 else {"arch": arch}


def _mirror(context: Context, step: Debootstrap) -> Text:
    if not step.mirror:
        hint = "such as http://mirror.example/debian"
        context.problem(step, "mirror", "no mirror is named", hint, code="spec-key")
    return context.text(step, step.mirror)


def _words(context: Context, step: Debootstrap, texts: tuple[Text, ...]) -> tuple[Text, ...]:
    """Return the elements of a list, of which vmdb2 makes one text with commas."""
    found: list[Text] = []
    for text in texts:
        words = [Text(word.strip(), text.where) for word in text.split(",")]
        found += words if text.is_plain else [text]
    return tuple(context.text(step, word) for word in found)


def _variant(context: Context, step: Debootstrap) -> str:
    name = str(step.variant or "-")
    if name not in _VARIANTS:
        context.problem(
            step,
            "variant",
            f"{name!r} is not a variant that vmdsl knows",
            "minbase, buildd, or - for the usual one",
            code="spec-value",
        )
        return ""
    return _VARIANTS[name]


def unpack(context: Context, step: UnpackRootfs) -> None:
    """Write the tarball that is unpacked, if there is one."""
    if not is_root(context, step, "unpack-rootfs", step.tag):
        return
    if context.unpacked:
        context.problem(
            step, "tag", "a second unpack-rootfs", "the first one did it", code="spec-twice"
        )
        return
    option = context.tarball_option(step)
    call = Call(
        function="unpack_rootfs",
        arguments=(root_of(context), Read(option.name)),
        where=step.where,
    )
    context.unpacked = context.emit("unpacked", step, call, returns="Fact")


def cache(context: Context, step: CacheRootfs) -> None:
    """Write the tarball that is made."""
    system = system_for(context, step, "cache-rootfs", step.tag)
    if system is None:
        return
    option = context.tarball_option(step)
    if step.options and step.options.split() not in ([], ["--one-file-system"]):
        context.warn(
            step,
            "options",
            "vmdsl gives tar no options",
            "nothing is lost by that",
            code="spec-differs",
        )
    fact = context.skip_fact(step)
    if not fact and context.unpacked and not step.force:
        fact = {"unless": Result(context.unpacked)}  # one that is there stays, as vmdb2 has it
    call = Call(
        function="cache_rootfs",
        arguments=(system, Read(option.name)),
        named=fact,
        where=step.where,
    )
    context.emit("tarball", step, call)


def fstab(context: Context, step: Fstab) -> None:
    """Write /etc/fstab."""
    if system := system_for(context, step, "fstab", step.tag):
        named = context.skip_fact(step)
        context.emit(
            "mounts",
            step,
            Call(function="fstab", arguments=(system,), named=named, where=step.where),
        )


def resize(context: Context, step: ResizeRootfs) -> None:
    """Write the growth of the root filesystem."""
    mkfs = context.root.mkfs if context.root else None
    kind = FILESYSTEMS.get(str(mkfs.mkfs)) if mkfs is not None else None
    if mkfs is not None and (kind is None or not traits_of(kind).can_grow):
        what = f"{mkfs.mkfs} cannot grow while it is in use, so this step is left out"
        context.warn(step, "tag", what, "format the root filesystem with ext4", code="spec-differs")
        context.skip(step)
    elif system := system_for(context, step, "resize-rootfs", step.tag):
        named = context.skip_fact(step)
        context.emit(
            "growth",
            step,
            Call(function="grow_root", arguments=(system,), named=named, where=step.where),
        )
