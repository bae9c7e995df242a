"""The state of a translation, and the list of mistakes."""

from __future__ import annotations

import builtins
import difflib
import keyword
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import vmdsl
import vmdsl_stdlib
from vmdsl.errors import Problem, Where
from vmdsl.plan.declarations import RESERVED
from vmdsl.vmdb2.draft import Argument, Call, DraftOption, DraftStep, Result
from vmdsl.vmdb2.from_yaml.deduplicate import A_TAG, Missing
from vmdsl.vmdb2.from_yaml.parted import PartedDisk
from vmdsl.vmdb2.schema import (
    Cryptsetup,
    Lvcreate,
    Mkfs,
    Mkpart,
    Mount,
    SetPartFlag,
    SpecStep,
)
from vmdsl.vmdb2.text import Text, Variable

#: Names that mean something else in a recipe, or to the command line.
AVOIDED = frozenset(
    {*keyword.kwlist, *keyword.softkwlist, *dir(builtins), *RESERVED}
    | {*vmdsl.__all__, *vmdsl_stdlib.__all__}
)
#: Variables that name the image itself.
IMAGE = ("output", "image")
#: What programs replace in templates of their own: `__SUITE__`, `@SUITE@`, `${SUITE}`, `%SUITE%`.
_PLACEHOLDER = re.compile(r"__[A-Z][A-Z0-9_]*__|@@?[A-Z_]+@|\$\{?[A-Z_]+|%[A-Z_]+%|<[A-Z_]+>")
#: The hint about `__SUITE__` and its like.
SUBSTITUTE = "it stands for one, as in a template: substitute it first"
#: Arguments that have other names than the fields that they come from.
_ARGUMENTS = {
    "cryptsetup": ("device",),
    "kernel_params": ("default_parameters",),
    "lvcreate": ("group",),
    "mount": ("filesystem",),
    "mount_on": ("on",),
    "options": ("label", "uuid"),
    "partition": ("device",),
    "perm": ("mode", "parents"),
    "physical": ("devices",),
    "target": ("mounted",),
}


def identifier(text: str, taken: Collection[str]) -> str:
    """Return a name for a step or an option that reads like `text`, and is not among those taken.

    `/` is `root`, `/boot/firmware` is `boot_firmware`, `99-local.conf` is `local_conf`.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.findall(r"[A-Za-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", plain))
    name = "_".join(words).lower()
    name = name.lstrip("0123456789_") or name
    if not name:
        name = "root" if text.strip() == "/" else "part"
    if name[0].isdigit():
        name = f"part_{name}"
    if name in AVOIDED:
        name += "_"
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name.rstrip('_')}_{number}"
    return free


def is_placeholder(text: str) -> bool:
    """Return whether a program was to put something else in place of a text, or a part of it."""
    return text.startswith("__") or _PLACEHOLDER.search(text) is not None


def places_of(step: SpecStep) -> Mapping[str, Where]:
    """Return the places of a step's keys, by the names of the arguments that they become."""
    renamed = {
        argument: where
        for key, where in step.places.items()
        for argument in _ARGUMENTS.get(key, ())
    }
    return {**renamed, **step.places}


@dataclass
class Tag:
    """A tag: what makes it, what is made of it, and the step of the recipe that stands for it.

    `path` is where it is in the system, if that isn't the root. `role` is what a boot loader wants
    the partition to be. `step` is set when that step is written, and `base` before it, where the
    partition has a step of its own.
    """

    name: str
    made_by: Mkpart | Cryptsetup | Lvcreate
    number: int = 0
    flags: list[SetPartFlag] = field(default_factory=list)
    mkfs: Mkfs | None = None
    mount: Mount | None = None
    role: str = ""
    is_device: bool = False
    comments: list[str] = field(default_factory=list)
    step: str = ""
    base: str = ""
    is_root: bool = False
    path: str = ""


@dataclass
class Context:
    """The state of one translation. `always` are flags that are known to be on."""

    path: Path
    directory: Path
    variables: Mapping[str, str]
    tags: dict[str, Tag] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    options: dict[str, DraftOption] = field(default_factory=dict)
    steps: list[DraftStep] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    deferred: list[SpecStep] = field(default_factory=list)
    always: set[str] = field(default_factory=lambda: {"arch", "tags"})
    device: str = ""
    is_fixed: bool = False
    target: str = ""
    disk: str = ""
    table: str = ""
    extended: str = ""
    #: Where the last logical partition ends, or where the extended one begins.
    behind: str = ""
    behind_is_end: bool = False
    is_gpt: bool = False
    #: The size of the image in bytes, if it is known, and the disk that parted partitions.
    size: int = 0
    parted: PartedDisk | None = None
    has_bios_grub: bool = False
    root: Tag | None = None
    unpacked: str = ""
    system: str = ""
    arch: str = "amd64"
    #: The step of the specification that follows, if it is ever run.
    after: SpecStep | None = None

    def problem(
        self,
        step: SpecStep,
        key: str,
        what: str,
        hint: str = "",
        *,
        code: str,
        missing: str = "",
        name: str = "",
    ) -> None:
        """Note a mistake at a key of a step, or at the step itself.

        `missing` is the kind of step that is to be above it, for the tag `name`, if that is wrong.
        """
        where = self.where(step, key)
        found = Problem(what=what, code=code, where=where, hint=hint)
        if missing:
            found = Missing(what=what, code=code, where=where, hint=hint, of=missing, name=name)
        if found not in self.problems:
            self.problems.append(found)

    def warn(self, step: SpecStep, key: str, what: str, hint: str = "", *, code: str) -> None:
        """Note what vmdb2 does without a word."""
        self.warnings.append(Problem(what=what, code=code, where=self.where(step, key), hint=hint))

    def where(self, step: SpecStep, key: str = "") -> Where:
        """Return the place of a key, or of the step if the key isn't given."""
        return step.places.get(key, step.where)

    def name(self, wanted: str) -> str:
        """Return a name for a step of the recipe, and reserve it."""
        name = identifier(wanted, self.taken)
        self.taken.add(name)
        return name

    def emit(
        self,
        wanted: str,
        step: SpecStep,
        *calls: Call,
        returns: str = "None",
        named: str = "",
        tag: str = "",
    ) -> str:
        """Add a step to the recipe, with the comments that wait for one. Returns its name.

        `named` is a name that was reserved for it, and `tag` its name in the specification.
        """
        name = named or self.name(wanted)
        comments = (*self.comments, *step.comments)
        self.comments.clear()
        own = places_of(step)
        made = DraftStep(
            name=name,
            where=step.where,
            calls=tuple(replace(c, places=own) if c.where == step.where else c for c in calls),
            returns=returns,
            comments=comments,
            tag=tag,
        )
        self.steps.append(made)
        return name

    def skip(self, step: SpecStep) -> None:
        """Keep the comments of a step that becomes no call, for the next step."""
        self.comments += step.comments

    def text(self, step: SpecStep, text: Text) -> Text:
        """Return a text for the recipe: its variables become options."""
        if text.parts is None:
            return self._template(step, text)
        parts: list[str | Variable] = []
        for part in text.parts:
            if isinstance(part, str):
                parts.append(part)
            elif part.name in self.variables and part.name not in (*IMAGE, "rootfs_tarball"):
                option = self._option(step, part.name)
                parts.append(Variable(option.name, self.variables[part.name]))
            else:
                self._fixed(part.name)
                parts.append(self.variables.get(part.name, ""))
        return Text(str(text), text.where, tuple(parts))

    def texts(self, step: SpecStep, texts: tuple[Text, ...]) -> tuple[Text, ...]:
        """Return texts for the recipe: their variables become options."""
        return tuple(self.text(step, text) for text in texts)

    def _fixed(self, variable: str) -> None:
        """Say that a name of this build stays in the recipe, which has no other one to give."""
        value = self.variables.get(variable, "")
        said = f"{value} is written out: a recipe does not know this name."
        if said not in self.comments:
            self.comments.append(said)

    def _option(self, step: SpecStep, variable: str) -> DraftOption:
        if variable not in self.options:
            name = self.name(variable)
            self.options[variable] = DraftOption(
                name=name,
                default=self.variables[variable],
                help=f"The {' '.join(re.findall(r'[A-Za-z0-9]+', variable)) or variable}.",
                where=step.where,
                variable=variable,
            )
        return self.options[variable]

    def _template(self, step: SpecStep, text: Text) -> Text:
        from jinja2 import Environment, meta  # noqa: PLC0415 (slow, and rare)

        names = meta.find_undeclared_variables(Environment().parse(text.template))  # noqa: S701
        for name in sorted(names & set(self.variables)):
            if name in (*IMAGE, "rootfs_tarball"):
                self._fixed(name)
                return Text(str(text), text.where)
            self._option(step, name)
        return text

    def tarball_option(self, step: SpecStep) -> DraftOption:
        """Return the option for the tarball of the root filesystem."""
        if "rootfs_tarball" not in self.options:
            given = self.variables.get("rootfs_tarball")
            self.taken.add("rootfs_tarball")
            self.options["rootfs_tarball"] = DraftOption(
                name="rootfs_tarball",
                default=Path(given) if given else None,
                help="The tarball of the root filesystem.",
                where=step.where,
            )
        return self.options["rootfs_tarball"]

    def tag(self, step: SpecStep, key: str, name: str) -> Tag | None:
        """Return a tag that a step names; note a mistake if it is not known."""
        if name in self.tags:
            return self.tags[name]
        close = difflib.get_close_matches(name, self.tags, n=2)
        known = ", ".join(self.tags) or "none"
        hint = f"tags so far: {known}"
        if close:
            hint = f"did you mean {' or '.join(map(repr, close))}?"
        for tag in self.tags.values():
            if isinstance(tag.made_by, Mkpart) and not tag.made_by.tag and tag.name not in close:
                hint = f"the partition at line {tag.made_by.where.line} has no tag: is it that one?"
        what = f"no step above makes the tag {str(name)!r}"
        self.problem(step, key, what, hint, missing=A_TAG, name=name, code="spec-order")
        return None

    def same_device(self, step: SpecStep, key: str, device: str) -> None:
        """Note a mistake where a step names another device than the image."""
        if self.device and device != self.device:
            hint = f"which is {self.device!r} (mkimg)"
            what = f"{str(device)!r} is not the image"
            self.problem(step, key, what, hint, missing="mkimg", name=device, code="spec-order")

    def skip_fact(self, step: SpecStep) -> Mapping[str, Argument]:
        """Return `unless=` for a call if the step's condition is known only while building."""
        return {"unless": Result(self.unpacked)} if self._waits(step) else {}

    def _waits(self, step: SpecStep) -> bool:
        """Return whether all flags of a step are on if a tarball was unpacked."""
        open_flags = {str(name) for name in step.unless or ()} - self.always
        return bool(self.unpacked) and open_flags == {"rootfs_unpacked"}
