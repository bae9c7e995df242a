"""What is known while a plan becomes steps of vmdb2."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from vmdsl.errors import Problem
from vmdsl.language.effects import TreeOperation
from vmdsl.language.handles import BlockDevice, Extended, Filesystem, Mounted, RootFs
from vmdsl.language.operation import Fact, Operation
from vmdsl.operations.files.files import PathExists
from vmdsl.operations.systems.tarballs import UnpackRootfs
from vmdsl.plan.plan import Plan
from vmdsl.vmdb2.to_yaml.emit import Template, Value, YamlStep
from vmdsl.vmdb2.to_yaml.image_names import EXPORT, naming_image

#: The image's file, as `--output` names it.
OUTPUT = Template("{{ output }}")
UNPACKED = "rootfs_unpacked"


@dataclass(kw_only=True)
class Export:
    """A plan on its way to YAML: its tags, and what turns out to be needed or impossible.

    `variables` are those that `vmdb2 --variable` must be given, with an example of each; `made` are
    the directories that certainly exist.
    """

    plan: Plan
    tags: dict[int, str]
    problems: list[Problem] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    made: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, plan: Plan) -> Export:
        """Without any step yet."""
        made = {str(parent) for m in plan.layout.mounts for parent in (m.path, *m.path.parents)}
        return cls(plan=plan, tags=_tags(plan), made=made)

    def tag(self, handle: BlockDevice | Extended | Filesystem | Mounted[Any] | RootFs) -> str:
        """The tag of a device, or of what is on it."""
        match handle:
            case RootFs():
                return self.tag(handle.mounted.filesystem)
            case Mounted():
                return self.tag(handle.filesystem)
            case Filesystem():
                return self.tag(handle.device)
            case _:
                return self.tags[id(handle)]

    @property
    def root(self) -> str:
        """The tag of the root filesystem; empty if there is none."""
        roots = [m.mounted for m in self.plan.layout.mounts if str(m.path) == "/"]
        return self.tag(roots[0]) if roots else ""

    def refuse(self, operation: Operation, what: str, hint: str = "") -> None:
        """Note what vmdb2 cannot do."""
        self.problems.append(operation.problem(f"vmdb2 cannot be told {what}", hint))

    def chroot(self, script: str) -> YamlStep:
        """A step that runs a script in the system."""
        return YamlStep(keys={"chroot": self.root, "shell": script})

    def shell(self, script: str) -> YamlStep:
        """A step that runs a script on the machine that builds."""
        return YamlStep(keys={"shell": script, "root-fs": self.root})

    def image_shell(self, script: str) -> YamlStep:
        """The same, with the image's file in place of `$IMAGE`."""
        more = "\n" if script.endswith("\n") else ""
        return self.shell(Template(naming_image(script) + more))

    def unless(self, operation: TreeOperation) -> tuple[str, str]:
        """Vmdb2's own condition of an operation, or the file whose presence is it; or nothing."""
        if operation.unless is None:
            return "", ""
        for maker in self.plan.operations:
            if isinstance(maker, UnpackRootfs) and maker.fact is operation.unless:
                return UNPACKED, ""
            if isinstance(maker, PathExists) and maker.fact is operation.unless:
                return "", self.marker(maker.fact)
        self.refuse(operation, "of a Fact that neither unpack_rootfs() nor path_exists() made")
        return "", ""

    def marker(self, fact: Fact) -> str:
        """The file in the system that is there while a build runs and a fact is true."""
        facts = [o.fact for o in self.plan.operations if isinstance(o, PathExists)]
        return f"/run/vmdsl-fact-{next(n for n, f in enumerate(facts, 1) if f is fact)}"


def _tags(plan: Plan) -> dict[int, str]:
    """A tag for each device: what vmdb2 wants it to be, or the step that says most about it."""
    layout = plan.layout
    found = {id(place.luks): place.luks.dm_name for place in layout.luks}
    found |= {id(place.volume): place.volume.lv_name for place in layout.volumes}
    for place in layout.partitions:
        names = [place.partition.name]
        names += [f.filesystem.name for f in layout.filesystems if f.device is place]
        names += [m.mounted.name for m in layout.mounts if m.filesystem.device is place]
        found[id(place.partition)] = next(
            name for name in _numbered(names[-1]) if name not in found.values()
        )
    return found


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}_{number}"
        number += 1


def guarded(step: YamlStep, marker: str) -> YamlStep | None:
    """The script of a step, which does nothing if that file is there; None if it is no script."""
    if not {"chroot", "shell"} & step.keys.keys():
        return None
    root = '"$ROOT"' if "root-fs" in step.keys else ""
    line = f"[ ! -e {root}{marker} ] || exit 0\n"
    script = step.keys["shell"]
    new: Value = f"{line}{script}"
    if isinstance(script, Template):
        first = EXPORT if script.startswith(EXPORT) else ""
        new = Template(first + line + script.removeprefix(first))
    return YamlStep(keys={**step.keys, "shell": new})
