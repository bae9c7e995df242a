"""From a specification to a recipe as data: what vmdb2's steps mean, in operations of vmdsl."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from vmdsl.errors import Problem
from vmdsl.vmdb2.draft import Argument, Call, Draft, Read, Result
from vmdsl.vmdb2.from_yaml import boot_loader, disk, files, packages, scripts, system
from vmdsl.vmdb2.from_yaml.context import Context
from vmdsl.vmdb2.from_yaml.flow import follow_tags
from vmdsl.vmdb2.marked_scripts import MkSwap, SecondGrub, is_own, with_second_grub, with_swap
from vmdsl.vmdb2.schema import (
    Ansible,
    Apt,
    CacheRootfs,
    Chroot,
    CopyDir,
    CopyFile,
    CreateDir,
    CreateFile,
    Cryptsetup,
    Debootstrap,
    Echo,
    Error,
    Fstab,
    Grub,
    Kpartx,
    Lvcreate,
    Lvscan,
    Mkfs,
    Mkimg,
    Mklabel,
    Mkpart,
    Mount,
    ResizeRootfs,
    SetPartFlag,
    Shell,
    Spec,
    SpecStep,
    UnpackRootfs,
    Vgcreate,
    VirtualFilesystems,
    Zerofree,
)
from vmdsl.vmdb2.text import Text

#: Steps that say how the disk is, whether a tarball was unpacked or not.
_DISK = (Mkimg, Mklabel, Mkpart, SetPartFlag, Mkfs, Mount, Cryptsetup, Vgcreate, Lvcreate)


@dataclass(frozen=True, kw_only=True)
class Translated:
    """A recipe as data, if there are no problems.

    `image` is the name of the image's file.
    """

    draft: Draft
    image: str
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def translate(
    spec: Spec, path: Path, *, directory: Path, variables: Mapping[str, str]
) -> Translated:
    """Return the recipe that a specification means. Its local files start at `directory`."""
    wanted = [step for step in spec.steps if not _is_own(step)]
    known = (with_second_grub(with_swap(step), wanted) for step in wanted)
    spec = replace(spec, steps=tuple(map(_given, known)))
    context = Context(path=path, directory=directory, variables=variables)
    skipped = _skipped(context, spec)
    follow_tags(context, tuple(step for step in spec.steps if id(step) not in skipped))
    for step, after in zip(spec.steps, (*spec.steps[1:], None), strict=True):
        if id(step) in skipped:
            context.skip(step)
            continue
        context.after = None if id(after) in skipped else after
        if isinstance(step, _DISK) and context.skip_fact(step):
            what = "this step is done in any case: a disk has the same parts with any tarball"
            context.warn(step, "unless", what, "remove unless", code="spec-condition")
        if isinstance(step, UnpackRootfs) and not _has_debootstrap(spec):
            _system_from_tarball(context, step)
        else:
            _WRITERS[type(step)](context, step)
        if context.system and context.deferred:
            _write_deferred(context)
    for step in context.deferred:
        what = "it needs a system, and no step makes one"
        context.problem(
            step, "", what, "add debootstrap:", missing="debootstrap", code="spec-order"
        )
    _remove_resolver(context)
    draft = Draft(
        path=path,
        options=tuple(context.options.values()),
        steps=tuple(context.steps),
        comments=spec.comments,
        closing=(*context.comments, *spec.closing),
    )
    if not context.problems:  # otherwise a step may be missing that reads one
        draft = replace(draft, options=tuple(filter(draft.reads, draft.options)))
    return Translated(
        draft=draft,
        image=context.device,
        problems=tuple(context.problems),
        warnings=tuple(context.warnings),
    )


def _given(step: SpecStep) -> SpecStep:
    """Return a step without empty values, if vmdb2 takes these for not given."""
    empty = [f.name for f in fields(step) if f.default is None and _is_empty(getattr(step, f.name))]
    nothing: dict[str, Any] = dict.fromkeys(empty)
    return replace(step, **nothing)


def _is_empty(value: object) -> bool:
    return isinstance(value, Text) and value == "" and not value.is_unknown


def _is_own(step: SpecStep) -> bool:
    """Return whether a step is there for vmdb2 alone."""
    return isinstance(step, Chroot | Shell) and is_own(step.shell)


def _has_debootstrap(spec: Spec) -> bool:
    return any(isinstance(step, Debootstrap) for step in spec.steps)


def _system_from_tarball(context: Context, step: UnpackRootfs) -> None:
    """Write a system that comes from a tarball alone, as there is no bootstrap."""
    root = context.tag(step, "tag", step.tag)
    option = context.tarball_option(step)
    if option.default is None:
        context.problem(
            step,
            "tag",
            "the system comes from a tarball, and none is given",
            "add --rootfs-tarball FILE, or a step debootstrap:",
            missing="debootstrap",
            code="spec-order",
        )
    if root is None:
        return
    call = Call(
        function="system_from",
        arguments=(Result(root.step), Read(option.name)),
        named={"suite": "stable"},
        where=step.where,
    )
    context.system = context.emit("system", step, call, returns="RootFs")


def _skipped(context: Context, spec: Spec) -> set[int]:
    """Return the ids of the steps that never run. Warn of conditions that mean something else."""
    skipped: set[int] = set()
    known = set(context.always)
    for step in spec.steps:
        if step.unless is not None and {str(name) for name in step.unless} <= context.always:
            what = "this step is never run: its condition always holds"
            context.warn(step, "unless", what, "remove unless, or the step", code="spec-condition")
            skipped.add(id(step))
            continue
        if isinstance(step, UnpackRootfs):
            known.add("rootfs_unpacked")
            if not _has_debootstrap(spec):
                context.always.add("rootfs_unpacked")
        for name in step.unless or ():
            _warn_of_unset(context, step, str(name), known)
    return skipped


#: Flags that vmdb2 sets for itself, when it comes to certain steps.
_INTERNAL = (
    "got_eatmydata",
    "ansible_inventory",
    "ansible_vars_file",
    "virtuals",
    "grub_mounts",
    "tmp_key_file",
)


def _warn_of_unset(context: Context, step: SpecStep, flag: str, known: set[str]) -> None:
    """Warn of a flag that no step above sets."""
    if flag in known:
        return
    if flag in _INTERNAL:
        what = f"{flag!r} is a flag of vmdb2's own, which vmdsl does not have"
        context.problem(step, "unless", what, "remove unless, or the step", code="spec-condition")
        return
    what = f"nothing sets the flag {flag!r}, so this step is always run"
    hint = "the flag that unpack-rootfs sets is rootfs_unpacked"
    if flag == "rootfs_unpacked":
        what = "no unpack-rootfs above sets rootfs_unpacked, so this step is always run"
        hint = "put unpack-rootfs above it, or remove unless"
    context.warn(step, "unless", what, hint, code="spec-condition")


def _write_deferred(context: Context) -> None:
    """Write the steps that stood above the system, now that there is one."""
    steps, context.deferred = context.deferred, []
    for step in steps:
        context.warn(
            step,
            "",
            "done after the system is made, which wants an empty tree",
            "put it below debootstrap",
            code="spec-differs",
        )
        _WRITERS[type(step)](context, step)


#: Functions that fill the tree with a system that somebody else made.
_TARBALLS = ("unpack_rootfs", "system_from")


def _remove_resolver(context: Context) -> None:
    """Remove the resolver's configuration at the end, as vmdb2 does, if there can be one."""
    mount = context.root.mount if context.root else None
    if mount is None or mount.keep_resolvconf or not context.system:
        return
    if _has_resolver(context):
        call = Call(
            function="remove_resolver",
            arguments=(Result(context.system),),
            named={"links": False},
            module="vmdsl_stdlib",
            where=mount.where,
        )
        said = "vmdb2 removes /etc/resolv.conf when the image is done, even one that a step made."
        context.comments.append(said)
        context.emit("resolver", replace(mount, comments=()), call)


def _has_resolver(context: Context) -> bool:
    """Return whether a file, package, script or tarball may have brought a resolv.conf."""
    for call in reversed([call for step in context.steps for call in step.calls]):
        if call.function == "remove_resolver":
            return False
        texts = list(_texts(call))
        if call.function == "copy_tree":
            source = context.directory / str(call.arguments[1])
            texts += [name for _, *found in os.walk(source) for names in found for name in names]
        if call.function in _TARBALLS or any("resolv" in text for text in texts):
            return True
    return False


def _texts(argument: Argument) -> Iterator[str]:
    """Yield all texts of a call."""
    match argument:
        case str():
            yield argument
        case Call():
            yield from _texts((*argument.arguments, *argument.named.values()))
        case tuple():
            for one in argument:
                yield from _texts(one)
        case Mapping():
            yield from _texts(tuple(argument.values()))


def _nothing(context: Context, step: SpecStep) -> None:
    """Write nothing: vmdsl does it by itself, or has no need of it."""
    context.skip(step)


def _noted(context: Context, step: SpecStep) -> None:
    """Write nothing: `follow_tags` has noted the step, and its comments."""
    del context, step


def _echo(context: Context, step: Echo) -> None:
    context.warn(
        step, "echo", "echo prints nothing here", "the log has every step", code="spec-differs"
    )
    context.skip(step)


def _error(context: Context, step: Error) -> None:
    context.problem(
        step, "error", f"this step ends every build: {step.error}", "remove it", code="spec-value"
    )


_WRITERS: Mapping[type[SpecStep], Callable[[Context, Any], None]] = {
    Mkimg: disk.image,
    Mklabel: disk.label,
    Mkpart: disk.partition,
    SetPartFlag: _noted,
    Kpartx: _nothing,
    Mkfs: disk.filesystem,
    MkSwap: disk.filesystem,
    Mount: disk.mounted,
    VirtualFilesystems: _nothing,
    Zerofree: _nothing,
    Cryptsetup: disk.encrypted,
    Vgcreate: disk.group,
    Lvcreate: disk.volume,
    Lvscan: _nothing,
    Debootstrap: system.debootstrap,
    UnpackRootfs: system.unpack,
    CacheRootfs: system.cache,
    Apt: packages.apt,
    Fstab: system.fstab,
    ResizeRootfs: system.resize,
    Grub: boot_loader.grub,
    SecondGrub: boot_loader.grub,
    Chroot: scripts.chroot,
    Shell: scripts.shell,
    CreateFile: files.create_file,
    CreateDir: files.create_dir,
    CopyFile: files.copy_file,
    CopyDir: files.copy_dir,
    Ansible: scripts.ansible,
    Echo: _echo,
    Error: _error,
}
