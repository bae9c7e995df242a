"""Tags: the steps that make, format and mount each, and the mistakes in that."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from typing import Any

import vmdsl
from vmdsl.language.handles import Mountable, traits_of
from vmdsl.similar import did_you_mean
from vmdsl.vmdb2.from_yaml.context import Context, Tag
from vmdsl.vmdb2.marked_scripts import MkSwap, SecondGrub
from vmdsl.vmdb2.schema import (
    Cryptsetup,
    Debootstrap,
    Grub,
    Kpartx,
    Lvcreate,
    Lvscan,
    Mkfs,
    Mkimg,
    Mklabel,
    Mkpart,
    Mount,
    SetPartFlag,
    SpecStep,
    UnpackRootfs,
    Vgcreate,
    VirtualFilesystems,
)

#: The filesystems that recipes can make, by the names that mkfs has for them.
FILESYSTEMS: Mapping[str, type[Mountable]] = {
    name: kind
    for kind in vars(vmdsl).values()
    if isinstance(kind, type) and issubclass(kind, Mountable) and kind is not Mountable
    for name in (kind.kind, *traits_of(kind).aliases)
}


def follow_tags(context: Context, steps: tuple[SpecStep, ...]) -> None:
    """Note in `context` all tags with what is done to them, in the order of the steps."""
    context.target = next((_target(s) for s in steps if _target(s)), "")
    for step in steps:
        if follow := _FOLLOWED.get(type(step)):
            follow(context, step)


def _target(step: SpecStep) -> str:
    """Return the tag that a step puts a system on."""
    match step:
        case Debootstrap(target=tag) | UnpackRootfs(tag=tag):
            return str(tag)
    return ""


def _image(context: Context, step: Mkimg) -> None:
    context.device = context.device or ("" if step.mkimg.is_unknown else str(step.mkimg))
    context.is_fixed = step.mkimg.is_plain


def _table(context: Context, step: Mklabel) -> None:
    context.device = context.device or ("" if step.device.is_unknown else str(step.device))


def _partition(context: Context, step: Mkpart) -> None:
    _add(context, step, step.tag or "", step.comments)


def _encrypt(context: Context, step: Cryptsetup) -> None:
    below = context.tag(step, "cryptsetup", step.cryptsetup)
    if _add(context, step, step.name, step.comments) and below:
        _use(context, step, "cryptsetup", below)


def _volume(context: Context, step: Lvcreate) -> None:
    if step.lvcreate not in context.groups:
        what = f"no step above makes the volume group {str(step.lvcreate)!r}"
        group = str(step.lvcreate)
        context.problem(
            step,
            "lvcreate",
            what,
            "vgcreate makes one",
            missing="vgcreate",
            name=group,
            code="spec-order",
        )
    _add(context, step, step.name, step.comments)


def _scan(context: Context, step: Lvscan) -> None:
    """Check that volumes were made above, where they got their tags."""
    if step.lvscan not in context.groups:
        what = f"no step above makes the volume group {str(step.lvscan)!r}"
        hint = "make it with vgcreate and lvcreate: an image that exists cannot be changed"
        context.problem(step, "lvscan", what, hint, missing=step.lvscan, code="spec-order")
        return
    for tag in step.tags or ():
        what = f"no step above makes the volume {str(tag)!r}"
        hint = "make it with lvcreate"
        if tag in context.tags:
            what = f"{str(tag)!r} is a tag already, which vmdb2 refuses"
            hint = "remove it here: a volume has the tag of its lvcreate"
        context.problem(step, "tags", what, hint, missing=tag, code="spec-order")


def _add(
    context: Context,
    step: Mkpart | Cryptsetup | Lvcreate,
    name: str,
    comments: tuple[str, ...],
) -> bool:
    """Register a tag. Returns False if the name is taken."""
    number = sum(isinstance(tag.made_by, Mkpart) for tag in context.tags.values())
    key = "tag" if isinstance(step, Mkpart) else "name"
    if not name and not isinstance(step, Mkpart):
        context.problem(step, key, f"{key} is empty", "give it a name", code="spec-value")
    if not name:  # which vmdb2 allows once
        name = f"partition {number + 1}" if number else "partition"
        while name in context.tags:
            name += "_"
    if name in context.tags:
        first = context.tags[name].made_by.where
        context.problem(
            step,
            key,
            f"the tag {name!r} is made at line {first.line} already",
            "give each partition and volume a tag of its own",
            code="spec-twice",
        )
        return False
    context.tags[name] = Tag(name, step, number=number + 1, comments=list(comments))
    return True


def _flag(context: Context, step: SetPartFlag) -> None:
    context.same_device(step, "set_part_flag", step.set_part_flag)
    if (tag := context.tag(step, "tag", step.tag)) is None:
        return
    if step.state not in {None, "enabled", "disabled"}:
        context.problem(
            step,
            "state",
            f"{str(step.state)!r} is not a state",
            "enabled or disabled",
            code="spec-value",
        )
    tag.flags.append(step)
    tag.comments += step.comments


def _alias(context: Context, step: Kpartx) -> None:
    context.same_device(step, "kpartx", step.kpartx)
    if not step.tags:
        return
    partitions = [t for t in context.tags.values() if isinstance(t.made_by, Mkpart)]
    if not partitions:
        context.problem(
            step,
            "kpartx",
            "vmdsl makes images, and cannot change one that exists",
            "make the partitions with mklabel and mkpart",
            code="spec-device",
        )
    for name, tag in zip(step.tags, dict.fromkeys(map(id, partitions)), strict=False):
        found = next(t for t in partitions if id(t) == tag)
        if context.tags.setdefault(name, found) is not found:
            what = f"{name!r} is another partition already"
            context.problem(
                step,
                "tags",
                what,
                "name the partitions in the order of their steps",
                code="spec-twice",
            )
        elif isinstance(found.made_by, Mkpart) and not found.made_by.tag:
            found.name = name  # it has no other one


def _use(context: Context, step: SpecStep, key: str, tag: Tag) -> None:
    if tag.mkfs is not None or tag.is_device:
        context.problem(
            step,
            key,
            f"{tag.name!r} is in use already",
            "give it one of its own",
            code="spec-twice",
        )
    tag.is_device = True


def _group(context: Context, step: Vgcreate) -> None:
    if step.vgcreate in context.groups:
        what = f"there is a volume group {str(step.vgcreate)!r} already"
        context.problem(step, "vgcreate", what, "name it otherwise", code="spec-twice")
        return
    for name in step.physical:
        if tag := context.tag(step, "physical", name):
            _use(context, step, "physical", tag)
    if not step.physical:
        key = "physical" if "physical" in step.places else "vgcreate"
        context.problem(
            step, key, "a volume group on nothing", "physical: names its tags", code="spec-value"
        )
    context.groups[str(step.vgcreate)] = ""


def _format(context: Context, step: Mkfs) -> None:
    if str(step.mkfs) not in FILESYSTEMS and not isinstance(step, MkSwap):
        meant = did_you_mean(step.mkfs, FILESYSTEMS)
        hint = f"{meant} it makes {', '.join(sorted(FILESYSTEMS))}".lstrip()
        context.problem(step, "mkfs", f"vmdsl makes no {str(step.mkfs)!r}", hint, code="spec-value")
    if (tag := context.tag(step, "partition", step.partition)) is None:
        return
    if tag.mkfs is not None:
        context.problem(
            step,
            "partition",
            f"{tag.name!r} is formatted at line {tag.mkfs.where.line} already",
            "format each partition once",
            code="spec-twice",
        )
        return
    if tag.is_device:
        what = f"{tag.name!r} holds volumes, and can hold no files"
        context.problem(step, "partition", what, "format a volume that is on it", code="spec-twice")
    tag.mkfs = step
    tag.comments += step.comments
    if step.fs_tag and step.fs_tag != step.partition:
        context.tags.setdefault(step.fs_tag, tag)


def _mount(context: Context, step: Mount) -> None:
    if (tag := context.tag(step, "mount", step.mount)) is None:
        return
    if tag.mount is not None:
        context.problem(
            step,
            "mount",
            f"{tag.name!r} is mounted at line {tag.mount.where.line} already",
            "mount each filesystem once",
            code="spec-twice",
        )
        return
    if tag.mkfs is None:
        context.problem(
            step,
            "mount",
            f"there is no filesystem on {tag.name!r} to be mounted",
            f"format it above: mkfs: ext4, partition: {tag.name}",
            missing="mkfs",
            name=tag.name,
            code="spec-order",
        )
    _place(context, step, tag)
    tag.mount = step
    tag.comments += step.comments
    if step.fs_tag and step.fs_tag != step.mount:
        context.tags.setdefault(step.fs_tag, tag)


def _place(context: Context, step: Mount, tag: Tag) -> None:
    if step.dirname is not None and step.mount_on is None:
        context.problem(
            step,
            "dirname",
            "dirname without mount-on",
            "add mount-on: with the tag",
            code="spec-key",
        )
    if step.mount_on is not None:
        on = context.tag(step, "mount_on", step.mount_on)
        if on is not None and on.mount is None:
            context.problem(
                step,
                "mount_on",
                f"{on.name!r} is not mounted above",
                "mount it before this one",
                missing="mount",
                name=on.name,
                code="spec-order",
            )
        if step.dirname is None:
            context.problem(
                step,
                "mount_on",
                "mount-on without dirname: vmdb2 mounts it elsewhere and takes it for the root",
                "add dirname:, with the place in the system",
                code="spec-key",
            )
        elif on is not None:
            _place_below(context, step, tag, on)
    elif step.dirname is None:
        target = context.tags.get(context.target, tag)
        if context.root is not None or target is not tag:
            context.problem(
                step,
                "mount",
                f"{tag.name!r} would be a second root filesystem: it has no dirname",
                "mount it below the other one, with dirname: and mount-on:",
                code="spec-twice",
            )
        else:
            context.root = tag
            tag.is_root = True


def _place_below(context: Context, step: Mount, tag: Tag, on: Tag) -> None:
    """Note the directory that a filesystem is mounted at. It is below that of the other one."""
    written = str(step.dirname)
    tag.path = posixpath.normpath(f"/{written.lstrip('/')}")
    if tag.path == "/":
        tag.path = ""
        what = f"{on.name!r} is mounted there already"
        context.problem(
            step, "dirname", what, "name a directory that is below it", code="spec-twice"
        )
    elif not f"{tag.path}/".startswith(f"{on.path}/"):
        asked, tag.path = tag.path, on.path + tag.path
        context.warn(
            step,
            "dirname",
            f"it is mounted at {tag.path}; vmdb2 writes {asked} to /etc/fstab, where it is not",
            f"with the root's tag, dirname: {tag.path} is right for both",
            code="spec-differs",
        )
    elif not written.startswith("/"):
        what = f"vmdb2 writes {written} to /etc/fstab as it is, and the system ignores that"
        context.warn(step, "dirname", what, f"write {tag.path}", code="spec-differs")


def _surround(context: Context, step: VirtualFilesystems) -> None:
    tag = context.tag(step, "tag", step.tag)
    if tag is not None and tag.mount is None:
        what, hint = f"{tag.name!r} is not mounted above", f"add above: mount: {tag.name}"
        context.problem(step, "tag", what, hint, missing="mount", name=tag.name, code="spec-order")


def _boot(context: Context, step: Grub) -> None:
    context.has_bios_grub |= str(step.grub) == "bios"
    for key, name in (("efi", step.efi), ("prep", step.prep)):
        wanted = "esp" if key == "efi" else "prep"
        suits = {"efi": "uefi", "prep": "ieee1275"}[key]
        if name is not None and str(step.grub) == suits and (tag := context.tag(step, key, name)):
            tag.role = wanted


_FOLLOWED: Mapping[type[SpecStep], Callable[[Context, Any], None]] = {
    Mkimg: _image,
    Mklabel: _table,
    Mkpart: _partition,
    SetPartFlag: _flag,
    Kpartx: _alias,
    Cryptsetup: _encrypt,
    Vgcreate: _group,
    Lvcreate: _volume,
    Lvscan: _scan,
    Mkfs: _format,
    MkSwap: _format,
    Mount: _mount,
    VirtualFilesystems: _surround,
    Grub: _boot,
    SecondGrub: _boot,
}
