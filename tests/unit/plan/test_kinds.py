from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from vmdsl.errors import RecipeError
from vmdsl.plan.evaluate import evaluate
from vmdsl.plan.load import load
from vmdsl.plan.plan import make_plan
from vmdsl.plan.typecheck import Untyped

Write = Callable[[str], Path]

HEADER = """
from typing import Any
from vmdsl_stdlib import *

size = option(GiB(4), help="Size.")
uefi = flag(default=True, help="UEFI.")
names = ("root",)
nothing: Any = None

@step
def table() -> Gpt:
    return mkgpt(mkimg(size()))

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))

@step
def esp() -> Partition:
    return mkpart(table(), size=MiB(64), type="esp" if uefi() else "linux")

@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")

@step
def last() -> None:
"""


@pytest.mark.parametrize(
    ("call", "what", "hint"),
    [
        ("apt(root(), 'nano')", "apt() takes RootFs as root, not Mounted[Ext4]", "a system"),
        ("apt(system, 'nano')", "apt() takes RootFs as root, not Step", "call it: system()"),
        ("apt(nothing, 'nano')", "apt() takes RootFs as root, not NoneType", ""),
        ("apt(system(), uefi)", "apt() takes str as packages, not Flag", "call it: uefi()"),
        ("mkpart(table(), size=size)", "mkpart() takes Size | None as size, not Option", "size()"),
        ("mkext4(table())", "mkext4() takes BlockDevice as device, not Gpt", ""),
        ("mount(esp())", "mount() takes Mountable | Subvolume as filesystem, not Partition", ""),
        (
            "grub_uefi(system(), root())",
            "grub_uefi() takes Mounted[Vfat] as esp, not Mounted[Ext4]",
            "use mkvfat",
        ),
        ("grub_bios(system(), console=uefi)", "grub_bios() takes Literal as console, not Flag", ""),
        ("chroot(system(), 'true', unless=~uefi)", "chroot() takes Fact | None as unless, not", ""),
        ("tidy(root())", "tidy() takes RootFs as system, not Mounted[Ext4]", "a system"),
        (
            "image_shell(table().disk, 'true', partitions=(table(),))",
            "image_shell() takes Sequence[Partition] as partitions, not tuple",
            "",
        ),
    ],
)
def test_wrong_kinds(write: Write, call: str, what: str, hint: str) -> None:
    path = write(f"{HEADER}    {call}\n")
    (problem,) = evaluate(load(path), {}).problems
    assert what in problem.what
    assert hint in problem.hint
    assert problem.where is not None
    assert problem.where.line == len(path.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize(
    "call",
    [
        "mkpart(table(), size=MiB(1), start=None)",
        "create_file(root(), '/a', 'b')",
        "create_file(system(), '/a', Secret.from_text('b'))",
        "chroot(system(), 'true', unless=path_exists(system(), '/a'))",
        "write_at(table().disk, b'a', offset=MiB(1))",
    ],
)
def test_right_kinds(write: Write, call: str) -> None:
    assert evaluate(load(write(f"{HEADER}    {call}\n")), {}).problems == ()


OWN = """
from vmdsl.language.operation import operation

@operation
class Own(TreeOperation):
    number: int

    def apply(self, tree: Tree) -> None:
        pass

    def check_plan(self, operations, *, complete):
        if self.number > 1:
            yield self.problem("too many")
"""


def test_exception_of_a_rule_is_reported_at_the_operation(write: Write, tmp_path: Path) -> None:
    path = write(f"{OWN}{HEADER}    record(Own(root=system(), number='1'))\n")
    with pytest.raises(RecipeError) as caught:
        make_plan(path, {}, cache=tmp_path, types=Untyped())
    (problem,) = caught.value.problems
    assert problem.what.startswith("this cannot be checked: TypeError: ")
    assert problem.where is not None
    assert problem.where.line == len(path.read_text(encoding="utf-8").splitlines())
