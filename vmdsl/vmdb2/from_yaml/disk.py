"""Steps that say how the disk looks, as calls of the recipe."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from vmdsl.language.handles import traits_of
from vmdsl.language.traits import Traits
from vmdsl.operations.disk.ext import Ext4
from vmdsl.similar import closest
from vmdsl.values import Size
from vmdsl.vmdb2.draft import HABITS, Argument, Call, Result
from vmdsl.vmdb2.from_yaml.context import IMAGE, Context, Tag, places_of
from vmdsl.vmdb2.from_yaml.flow import FILESYSTEMS
from vmdsl.vmdb2.from_yaml.parted import PartedDisk
from vmdsl.vmdb2.from_yaml.partitions import image_size, mkpart
from vmdsl.vmdb2.marked_scripts import MkSwap, swap_arguments
from vmdsl.vmdb2.schema import (
    Cryptsetup,
    Lvcreate,
    Mkfs,
    Mkimg,
    Mklabel,
    Mkpart,
    Mount,
    SpecStep,
    Vgcreate,
)
from vmdsl.vmdb2.text import Text

#: In place of a size that is wrong: all else has room in it.
_ANY_SIZE = Size.parse("1T")
#: The features that `target_old` takes away from ext4.
FOR_OLD_TARGETS = ("^large_dir", "^metadata_csum_seed", "^orphan_file")


def image(context: Context, step: Mkimg) -> None:
    """Write the disk."""
    if context.disk:
        context.problem(
            step,
            "mkimg",
            "a second image",
            "vmdsl makes one image a specification",
            code="spec-twice",
        )
        return
    place = context.directory / str(step.mkimg)
    if not step.mkimg:
        context.problem(
            step, "mkimg", "the image has no name", 'write mkimg: "{{ output }}"', code="spec-value"
        )
    elif _is_device(place) and str(step.mkimg) not in map(context.variables.get, IMAGE):
        what = f"{step.mkimg} is a device, which only the command line can name"
        hint = 'write mkimg: "{{ output }}", and name the device with --output'
        context.problem(step, "mkimg", what, hint, code="spec-device")
    size = _size(context, step)
    context.disk = context.emit(
        "disk", step, Call(function="mkimg", arguments=(size,)), returns="Disk"
    )


def _size(context: Context, step: Mkimg) -> Argument:
    text = context.text(step, step.size)
    if text.is_unknown:
        return _ANY_SIZE
    try:
        size = image_size(text)
        is_same = not text.is_plain and Size.parse(text) == size
    except ValueError as error:
        context.problem(
            step, "size", str(error), "k, M, G and T are its units: 4G is 4 GiB", code="value"
        )
        return _ANY_SIZE
    context.size = size.bytes
    return Call(function="Size.parse", arguments=(text,)) if is_same else size


def label(context: Context, step: Mklabel) -> None:
    """Write the partition table."""
    if not context.disk:
        _existing(context, step)
    kind = step.mklabel.lower()
    is_gpt = kind == "gpt"
    if not is_gpt and kind != "msdos":
        close = closest(kind, ["gpt", "msdos"])
        hint = f"did you mean {close}?" if close else "gpt or msdos"
        context.problem(
            step,
            "mklabel",
            f"{str(step.mklabel)!r} is not a kind of table",
            hint,
            code="spec-value",
        )
        is_gpt = close == "gpt" or (not close and not _has_primary(context))
    context.same_device(step, "device", step.device)
    if context.table:
        context.problem(
            step,
            "mklabel",
            "a second partition table",
            "the image has one already",
            code="spec-twice",
        )
        return
    context.is_gpt = is_gpt
    if context.size:
        context.parted = PartedDisk(size=context.size, is_gpt=is_gpt)
    function, returns = ("mkgpt", "Gpt") if context.is_gpt else ("mkmsdos", "Msdos")
    call = Call(function=function, arguments=(Result(context.disk),))
    context.table = context.emit("table", step, call, returns=returns)


def _has_primary(context: Context) -> bool:
    return any(
        isinstance(t.made_by, Mkpart) and t.made_by.mkpart == "primary"
        for t in context.tags.values()
    )


def _existing(context: Context, step: Mklabel) -> None:
    """Write the disk for a file that exists already, with the size of that file."""
    place = context.directory / str(step.device)
    if place.is_file() and place.stat().st_size:
        size = Size(place.stat().st_size)
        context.size = size.bytes
        call = Call(function="mkimg", arguments=(size,))
        context.disk = context.emit("disk", step, call, returns="Disk")
        return
    if _is_device(place):
        what = f"{step.device} is a device, and vmdsl writes whole images to it"
        hint = 'add above: mkimg: "{{ output }}", size: 4G; and name the device with --output'
        context.problem(step, "device", what, hint, code="spec-device")
    else:
        what = "no step makes the image"
        hint = 'add above: mkimg: "{{ output }}", size: 4G'
        context.problem(step, "device", what, hint, missing="mkimg", code="spec-order")
    context.disk = context.name("disk")


def partition(context: Context, step: Mkpart) -> None:
    """Write a partition, with its filesystem and its place if these can be in the same step."""
    tag = next((t for t in context.tags.values() if t.made_by is step), None)
    if tag is None:
        return  # a tag that was made twice
    if not context.table:
        what = "a partition before there is a partition table"
        context.problem(
            step, "mkpart", what, "put mklabel above it", missing="mklabel", code="spec-order"
        )
        context.table, context.is_gpt = context.name("table"), True  # where any name is right
    context.same_device(step, "device", step.device)
    call = mkpart(context, step, tag)
    write_tag(context, tag, call, "Extended" if call.function == "mkextended" else "Partition")
    if call.function == "mkextended":
        context.extended = tag.step


def write_tag(context: Context, tag: Tag, base: Call, returns: str) -> None:
    """Write the step of a tag, or that of its partition where the rest has to wait."""
    name = context.name(tag.name)
    step = tag.made_by
    if tag.mkfs is None:
        tag.step = context.emit(
            "", _commented(context, step, tag), base, returns=returns, named=name, tag=tag.name
        )
    elif _can_be_mounted(context, tag):
        tag.step = name
        _write_filesystem(context, tag, base)
    else:
        kind = "partition" if returns == "Partition" else "device"
        base_name = context.name(f"{name}_{kind}")
        tag.base = context.emit(
            "",
            _commented(context, step, tag),
            base,
            returns=returns,
            named=base_name,
            tag=tag.name,
        )
        tag.step = name
        tag.comments.clear()


def filesystem(context: Context, step: Mkfs) -> None:
    """Write a filesystem that isn't mounted, if it waits for this step."""
    tag = next((t for t in context.tags.values() if t.mkfs is step), None)
    if tag is not None and tag.base and _mounted_on(context, tag) is None:
        _write_filesystem(context, tag, Result(tag.base))


def waiting(context: Context) -> None:
    """Write the filesystems that waited for what they are mounted on."""
    for tag in dict.fromkeys(map(id, context.tags.values())):
        found = next(t for t in context.tags.values() if id(t) == tag)
        if found.base and _can_be_mounted(context, found) and not _written(context, found):
            _write_filesystem(context, found, Result(found.base))


def _written(context: Context, tag: Tag) -> bool:
    return any(step.name == tag.step for step in context.steps)


def _mounted_on(context: Context, tag: Tag) -> Tag | None:
    """Return the tag of the filesystem with the mount point of another, if it is below one.

    Its boot loader may want it to be mounted, too. What its step says doesn't matter: for vmdb2 the
    path alone counts.
    """
    path = "/boot/efi" if tag.mount is None and tag.role == "esp" else tag.path
    if not path:
        return None
    above = [t for t in context.tags.values() if t.path and path.startswith(f"{t.path}/")]
    return max(above, key=lambda t: len(t.path), default=context.root)


def _can_be_mounted(context: Context, tag: Tag) -> bool:
    below = _mounted_on(context, tag)
    return below is None or below is tag or (bool(below.step) and _written(context, below))


def _write_filesystem(context: Context, tag: Tag, base: Call | Result) -> None:
    assert tag.mkfs is not None  # noqa: S101 (only those that have one come here)
    call, kind = _mkfs(context, tag.mkfs, base)
    returns = kind
    below = _mounted_on(context, tag)
    if tag.is_root:
        call = _mount(tag, call)
        returns = f"Mounted[{kind}]"
    elif below is not None:
        place: Argument = _place(context, tag) if tag.path else "/boot/efi"
        is_mounted = below.mkfs is not None and below.mount is not None
        on = Result(below.step if is_mounted else "")
        call = _mount(tag, call, place, named={"on": on})
        returns = f"Mounted[{kind}]"
    made = _commented(context, tag.mkfs, tag)
    context.emit("", made, call, returns=returns, named=tag.step, tag=tag.name)
    tag.comments.clear()
    waiting(context)


def _mount(tag: Tag, *arguments: Argument, named: Mapping[str, Argument] | None = None) -> Call:
    call = Call(function="mount", arguments=arguments, named=named or {}, module=HABITS)
    return replace(call, where=tag.mount.where, places=places_of(tag.mount)) if tag.mount else call


def _place(context: Context, tag: Tag) -> Text:
    """Return the mount point of a filesystem, with the variables that are in it."""
    assert tag.mount is not None  # noqa: S101
    assert tag.mount.dirname is not None  # noqa: S101
    text = context.text(tag.mount, tag.mount.dirname)
    if tag.path.endswith(text):
        return text.after(tag.path.removesuffix(text)) if text != tag.path else text
    return Text(tag.path, text.where)


def _commented(context: Context, step: SpecStep, tag: Tag) -> SpecStep:
    """Return a step that stands for all that make up a tag, and keep the comments of all."""
    context.comments += tag.comments
    return replace(step, comments=())


def _mkfs(context: Context, step: Mkfs, base: Call | Result) -> tuple[Call, str]:
    if isinstance(step, MkSwap):
        named_for_swap = swap_arguments(step)
        return Call(function="mkswap", arguments=(base,), named=named_for_swap), "Swap"
    kind = FILESYSTEMS.get(str(step.mkfs), Ext4)
    function = f"mk{kind.kind}"
    named: dict[str, Argument] = {}
    if step.label:
        named["label"] = context.text(step, step.label)
    if step.target_old and str(step.mkfs) == "ext4":
        named["features"] = FOR_OLD_TARGETS
    words, identity = _identity(_options(step.options or "", function), traits_of(kind))
    named |= identity
    if words:
        named["options"] = words
    call = Call(
        function=function,
        arguments=(base,),
        named=named,
        where=step.where,
        places=places_of(step),
    )
    return call, kind.__name__


def _options(text: str, function: str) -> tuple[str, ...]:
    """Return the options of a filesystem, except mke2fs's -F, which vmdsl decides on."""
    words = text.split()
    if function.startswith("mkext"):
        words = ["-" + word[2:] if re.fullmatch("-F[a-zA-Z]", word) else word for word in words]
    return tuple(word for word in words if word != "-F" or function == "mkvfat")


def _identity(
    words: tuple[str, ...], traits: Traits
) -> tuple[tuple[str, ...], Mapping[str, Argument]]:
    """Return the options without a label and a UUID, and these two, which are arguments here."""
    label, uuid = traits.label_option[1], traits.uuid_option[1]
    by_letter = {label: "label", uuid: "uuid"}
    kept, found = list(words), dict[str, Argument]()
    for index in reversed(range(len(words))):
        word, value = words[index], "".join(words[index + 1 : index + 2])
        option = re.fullmatch(rf"-([{label}{uuid}])(.*)|--(label|uuid)=(.*)", word)
        if word == "-m" and value.startswith("uuid="):  # of mkfs.xfs
            key, value, used = "uuid", value.removeprefix("uuid="), 2
        elif option:
            key = by_letter.get(option[1], option[3])
            rest = option[2] or option[4]
            value, used = (rest, 1) if rest else (value, 2)
        else:
            continue
        if not value:
            continue
        del kept[index : index + used]
        found.setdefault(key, value)
    return tuple(kept), found


def encrypted(context: Context, step: Cryptsetup) -> None:
    """Write a device that is opened with a key."""
    tag = next((t for t in context.tags.values() if t.made_by is step), None)
    below = context.tags.get(step.cryptsetup)
    if tag is None or below is None:
        return
    keys = [key for key in ("password", "key_file", "key_cmd") if getattr(step, key) is not None]
    if len(keys) != 1:
        said = " and ".join(key.replace("_", "-") for key in keys) or "no key"
        context.problem(
            step,
            keys[-1] if keys else "cryptsetup",
            f"{said} for {tag.name!r}",
            "give one of password, key-file and key-cmd",
            code="spec-value",
        )
        return
    text = context.text(step, getattr(step, keys[0]))
    secrets: Mapping[str, Callable[[], Call]] = {
        "password": lambda: Call(function="Secret.from_text", arguments=(text,)),
        "key_file": lambda: Call(function="Secret.from_file", arguments=(text,)),
        "key_cmd": lambda: Call(function="Secret.from_command", arguments=("sh", "-ec", text)),
    }
    call = Call(
        function="mkluks",
        arguments=(Result(below.step), secrets[keys[0]]()),
        where=step.where,
        places=places_of(step),
    )
    write_tag(context, tag, call, "Luks")


def group(context: Context, step: Vgcreate) -> None:
    """Write a volume group."""
    if context.groups.get(str(step.vgcreate)):
        return  # one that is made twice
    tags = [context.tags.get(name) for name in step.physical]
    arguments = tuple(Result(tag.step if tag else "") for tag in tags)
    call = Call(
        function="mkvg",
        arguments=arguments,
        named={"name": context.text(step, step.vgcreate)},
        where=step.where,
    )
    name = str(step.vgcreate)
    context.groups[name] = context.emit(name, step, call, returns="VolumeGroup", tag=name)


def volume(context: Context, step: Lvcreate) -> None:
    """Write a logical volume."""
    tag = next((t for t in context.tags.values() if t.made_by is step), None)
    if tag is None:
        return
    named: dict[str, Argument] = {"name": context.text(step, step.name)}
    if step.size.lower() != "fill":
        try:
            named["size"] = Size.parse(step.size)
        except ValueError as error:
            context.problem(
                step, "size", str(error), 'or "fill", for all that is left', code="value"
            )
            named["size"] = Size.parse("4M")  # there is room for that, whatever was meant
    place = Result(context.groups.get(str(step.lvcreate), ""))
    places = places_of(step)
    call = Call(function="mklv", arguments=(place,), named=named, where=step.where, places=places)
    write_tag(context, tag, call, "LogicalVolume")


def mounted(context: Context, step: Mount) -> None:
    """Write the filesystems that waited for this mount."""
    del step
    waiting(context)


def _is_device(place: Path) -> bool:
    return place.is_block_device() or place.is_relative_to("/dev")
