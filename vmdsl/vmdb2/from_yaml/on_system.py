"""The root filesystem that a step works on, and the system in it."""

from __future__ import annotations

from vmdsl.vmdb2.draft import Result
from vmdsl.vmdb2.from_yaml.context import Context
from vmdsl.vmdb2.schema import (
    Chroot,
    SpecStep,
)


def root_of(context: Context) -> Result:
    """The root filesystem, for a call."""
    return Result(context.root.step if context.root else "")


def is_root(context: Context, step: SpecStep, kind: str, name: str, *, key: str = "tag") -> bool:
    """Whether a tag is that of the root filesystem, and mounted above. If not, it is a mistake."""
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
        )
    elif tag.mount.where.line > step.where.line:
        context.problem(
            step,
            key,
            f"{name!r} is mounted below, at line {tag.mount.where.line}",
            "move the mount up",
        )
    elif tag is not context.root:
        root = context.root.name if context.root else "none"
        context.problem(
            step,
            key,
            f"{kind} takes the root filesystem, which {name!r} is not",
            f"the root filesystem is {root!r}",
            missing="mount",
        )
    else:
        return True
    return False


def system_for(
    context: Context, step: SpecStep, kind: str, name: str, *, key: str = ""
) -> Result | None:
    """The system that a step works on."""
    if not is_root(context, step, kind, name, key=key or _key_of(step)):
        return None
    if not context.system:
        context.problem(
            step,
            key or _key_of(step),
            f"{kind} before there is a system",
            "put it below debootstrap",
            missing="debootstrap",
        )
        return None
    return Result(context.system)


def _key_of(step: SpecStep) -> str:
    return "chroot" if isinstance(step, Chroot) else "tag"


def place_for(context: Context, step: SpecStep) -> Result | None:
    """Where files go: the system."""
    if context.root is None or context.root.mount is None:
        what = "no root filesystem is mounted"
        tag = context.target
        context.problem(step, "path", what, "add mount: above", missing="mount", name=tag)
        return None
    return Result(context.system)


def comes_later(context: Context, step: SpecStep) -> bool:
    """Whether a step has to wait for the system, which wants an empty tree."""
    if context.system:
        return False
    context.deferred.append(step)
    return True
