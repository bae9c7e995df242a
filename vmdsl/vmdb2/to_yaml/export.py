"""The state while a plan becomes steps of vmdb2."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from vmdsl.errors import Problem
from vmdsl.language.effects import TreeOperation
from vmdsl.language.handles import BlockDevice, Extended, Filesystem, Mounted, RootFs
from vmdsl.language.operation import Fact, Operation, problem_in
from vmdsl.operations.files.files import PathExists
from vmdsl.operations.systems.tarballs import UnpackRootfs
from vmdsl.plan.plan import Plan
from vmdsl.vmdb2.from_yaml.quotes import IN_QUOTES, quotes_behind
from vmdsl.vmdb2.to_yaml.emit import Template, Value, YamlStep, escaped

_TEMPLATE = "{{ output }}"
#: The first line of a script that knows the image by the name that it has here.
EXPORT = f'export IMAGE="{_TEMPLATE}"\n'
_OTHER = re.compile(r"(?<![A-Za-z0-9_])IMAGE(?![A-Za-z0-9_])")
#: The image's file, as `--output` names it.
OUTPUT = Template("{{ output }}")
UNPACKED = "rootfs_unpacked"


def naming_image(script: str) -> str:
    """Return a template of the script, with the image's name for `$IMAGE`."""
    parts: list[str] = []
    above, rest = "", script
    for _ in range(script.count("IMAGE")):
        places = [(rest.find(name), quotes) for quotes, name in IN_QUOTES.items() if name in rest]
        for index, quotes in sorted(places):
            if quotes_behind(above + rest[:index]) == quotes:
                parts.append(rest[:index])
                above += rest[:index] + "x"
                rest = rest[index + len(IN_QUOTES[quotes]) :]
                break
    parts.append(rest)
    if any(_OTHER.search(part) for part in parts):  # in some other form, or for other programs
        return EXPORT + escaped(script)
    *others, last = parts
    return _TEMPLATE.join([*(escaped(part, is_last=False) for part in others), escaped(last)])


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
        """Return the export of a plan, without any step yet."""
        made = {str(parent) for m in plan.layout.mounts for parent in (m.path, *m.path.parents)}
        return cls(plan=plan, tags=_tags(plan), made=made)

    def tag(self, handle: BlockDevice | Extended | Filesystem | Mounted[Any] | RootFs) -> str:
        """Return the tag of a device, or of what is on it."""
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
        """Note what vmdb2 has no step for; `what` begins with "for" or "to"."""
        self.problems.append(
            problem_in(operation, f"vmdb2 has no step {what}", hint, code="no-vmdb2-step")
        )

    def chroot(self, script: str) -> YamlStep:
        """Return a step that runs a script in the system."""
        return YamlStep(keys={"chroot": self.root, "shell": script})

    def shell(self, script: str) -> YamlStep:
        """Return a step that runs a script on the machine that builds."""
        return YamlStep(keys={"shell": script, "root-fs": self.root})

    def image_shell(self, script: str) -> YamlStep:
        """Return a step that runs a host script, with the image's file for `$IMAGE`."""
        more = "\n" if script.endswith("\n") else ""
        return self.shell(Template(naming_image(script) + more))

    def unless(self, operation: TreeOperation) -> tuple[str, str]:
        """Return vmdb2's condition of an operation, or the file that stands for it; or nothing."""
        if operation.unless is None:
            return "", ""
        for maker in self.plan.operations:
            if isinstance(maker, UnpackRootfs) and maker.fact is operation.unless:
                return UNPACKED, ""
            if isinstance(maker, PathExists) and maker.fact is operation.unless:
                return "", self.marker(maker.fact)
        self.refuse(operation, "for a Fact that neither unpack_rootfs() nor path_exists() made")
        return "", ""

    def marker(self, fact: Fact) -> str:
        """Return the file in the system that exists while a build runs and a fact is true."""
        facts = [o.fact for o in self.plan.operations if isinstance(o, PathExists)]
        return f"/run/vmdsl-fact-{next(n for n, f in enumerate(facts, 1) if f is fact)}"


def _tags(plan: Plan) -> dict[int, str]:
    """Return a tag for each device: the one that vmdb2 wants, or the step that says most of it."""
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
    """Return a step whose script does nothing if a file exists; None if it has no script."""
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
