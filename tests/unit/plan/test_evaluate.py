from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from vmdsl import mkimg
from vmdsl.errors import Problem
from vmdsl.language.operation import here, origin_of, summary_of
from vmdsl.plan.evaluate import Evaluated, evaluate
from vmdsl.plan.load import load
from vmdsl.plan.merge import Crash
from vmdsl.values import GiB

Write = Callable[[str], Path]


def found(path: Path, **values: object) -> Evaluated:
    return evaluate(load(path), values)


def told(problems: tuple[Problem, ...]) -> list[tuple[int, str, str]]:
    return [(p.where.line if p.where else 0, p.step, p.what) for p in problems]


RECIPE = """
    size = option(GiB(4), help="Size.")
    gpt = flag(default=True, help="Which table.")

    @step
    def disk() -> Disk:
        return mkimg(size())

    @step_if(gpt)
    def table() -> Gpt:
        return mkgpt(disk())

    @step_if(~gpt)
    def other() -> Msdos:
        return mkmsdos(disk())
    """


@pytest.mark.parametrize(("gpt", "kind"), [(True, "Gpt"), (False, "Msdos")])
def test_values_decide(write: Write, *, gpt: bool, kind: str) -> None:
    operations = found(write(RECIPE), gpt=gpt, size=GiB(2)).operations
    assert [type(o).__name__ for o in operations] == ["Disk", kind]
    assert operations[0].size == GiB(2)  # type: ignore[attr-defined]
    assert operations[1].disk is operations[0]  # type: ignore[attr-defined]


def test_where_operations_come_from(write: Write) -> None:
    path = write(RECIPE)
    assert [(o.name, str(origin_of(o).where)) for o in found(path).operations] == [
        ("disk", f"{path}:8"),
        ("table", f"{path}:12"),
    ]


def test_line_is_that_of_the_step_not_of_a_helper_in_a_library(
    write: Write, tmp_path: Path
) -> None:
    (tmp_path / "library_of_functions.py").write_text(
        "from vmdsl import GiB, mkimg\n\n\n\ndef image():\n    return mkimg(GiB(1))\n",
        encoding="utf-8",
    )
    path = write(
        "from library_of_functions import image\n@step\ndef disk() -> Disk:\n return image()"
    )
    assert [origin_of(o).where.line for o in found(path).operations] == [5]


def test_step_that_does_not_run_gives_none(write: Write) -> None:
    text = f"{RECIPE}\n    @step\n    def see() -> None:\n        require(table() is None, 'no')\n"
    assert found(write(text), gpt=False).problems == ()
    assert told(found(write(text)).problems) == [(20, "see", "no")]


def test_each_step_runs_once(write: Write) -> None:
    path = write(
        """
        @step
        def disk() -> Disk:
            return mkimg(GiB(1))

        @step
        def more() -> None:
            require(disk() is disk(), "it is the same")
        """
    )
    result = found(path)
    assert len(result.operations) == 1
    assert result.problems == ()


def test_a_failed_step_stops_only_what_needs_it(write: Write) -> None:
    path = write(
        """
        @step
        def disk() -> Disk:
            return mkimg(GiB(0))

        @step
        def table() -> Gpt:
            return mkgpt(disk())

        @step
        def part() -> Partition:
            return mkpart(table(), size=GiB(0))

        @step
        def other() -> None:
            raise ValueError

        @step
        def last() -> Disk:
            return mkimg(MiB(-1))
        """
    )
    result = found(path)
    assert told(result.problems) == [
        (5, "disk", "an image of 0 B"),
        (13, "part", "a partition of 0 B"),
        (17, "other", "ValueError"),
        (21, "last", "an image of -1 MiB"),
    ]
    assert result.operations == ()


def test_a_step_goes_on_after_a_mistake(write: Write) -> None:
    """Each of its mistakes is reported once; what it recorded without one still counts."""
    result = found(
        write(
            """
            @step
            def system() -> RootFs:
                return debootstrap(
                    mount(mkext4(mkpart(mkgpt(mkimg(GiB(4)))))), suite="trixie"
                )

            @step
            def files() -> None:
                create_file(system(), "/etc/one", "")
                create_file(system(), "two", "")
                for name in ("three", "/etc/four"):
                    create_file(system(), name, "")
                chroot(
                    system(),
                    "",
                )
                path = path_exists(system(), "five")
                create_file(system(), "six", "", unless=path)
            """
        )
    )
    assert told(result.problems) == [
        (12, "files", "'two' is not the path of a file"),
        (14, "files", "'three' is not the path of a file"),
        (15, "files", "an empty shell script"),
        (19, "files", "'five' is not the path of a file"),
    ]
    files = [summary_of(o) for o in result.operations if o.name == "files"]
    assert files == ["create /etc/one", "create /etc/four"]


USES = """
    @step
    def root() -> Mounted[Ext4]:
        return mount(mkext4(mkpart(mkgpt(mkimg(GiB(0))))))

    @step
    def parts() -> tuple[Disk, Partition | None]:
        raise ValueError

    @step
    def system() -> RootFs:
        return debootstrap(root(), suite="trixie", proxy="nowhere")

    @step
    def fact() -> Fact:
        return path_exists(system(), "etc")

    @step
    def used() -> None:
        {use}
"""


@pytest.mark.parametrize(
    ("use", "what"),
    [
        ("create_file(system(), 'motd', '', unless=fact())", "'motd' is not the path of a file"),
        ("create_file(system(), '/etc/motd', '', mode=99999)", "the mode 99999"),
        ("chroot(system(), '')", "an empty shell script"),
        ("mkgpt(parts()[0]); mkext4(parts()[1], label='x' * 17)", "the label 'xxxxxxxxxxxxxxxxx'"),
        ("mount(root().filesystem, 'srv', on=root())", "'srv' is not a place to mount at"),
        ("apt(root(), 'nano')", "apt() takes RootFs as root, not Mounted[Ext4]"),
        ("require(str(root().path) == '/srv', 'at /srv')", ""),
        ("raise ValueError(root().path)", ""),
        ("raise ValueError(root())", ""),
        ("grub_bios(system())", ""),
        ("fstab(system())", ""),
        ("_, two = root()", ""),
    ],
)
def test_steps_that_use_a_failed_one_are_checked(write: Write, use: str, what: str) -> None:
    """As far as they can be; what only follows from its mistake is left out."""
    result = found(write(USES.format(use=use)))
    said = [problem for problem in result.problems if problem.step == "used"]
    assert [p.what.startswith(what) for p in said] == [True] * bool(what), said
    steps = [problem.step for problem in result.problems if problem.step != "used"]
    assert steps == ["root", "parts", "system", "fact"]
    assert result.operations == ()


@pytest.mark.parametrize(
    ("error", "crash"),
    [("TypeError('x')", True), ("AttributeError('x')", True), ("OSError('x')", False)],
)
def test_what_mypy_would_see_is_a_crash(write: Write, error: str, *, crash: bool) -> None:
    (problem,) = found(write(f"@step\ndef a() -> None:\n    raise {error}")).problems
    assert isinstance(problem, Crash) == crash
    assert problem.where is not None
    assert problem.where.line == 4


def test_interrupting_is_no_mistake(write: Write) -> None:
    with pytest.raises(KeyboardInterrupt):
        found(write("@step\ndef a() -> None:\n    raise KeyboardInterrupt"))
    with pytest.raises(RuntimeError):  # no evaluation is under way
        here()


@pytest.mark.parametrize(
    ("condition", "runs"),
    [
        ("a & b", {(True, True)}),
        ("a | b", {(True, True), (True, False), (False, True)}),
        ("~a", {(False, True), (False, False)}),
        ("a & ~b", {(True, False)}),
        ("~(a | b)", {(False, False)}),
        ("(a & b) | ~(a | b)", {(True, True), (False, False)}),
    ],
)
def test_conditions(write: Write, condition: str, runs: set[tuple[bool, bool]]) -> None:
    path = write(
        f"""
        a = flag(default=True, help="A.")
        b = flag(default=True, help="B.")

        @step_if({condition})
        def disk() -> Disk:
            return mkimg(GiB(1))
        """
    )
    every = [(a, b) for a in (True, False) for b in (True, False)]
    assert {(a, b) for a, b in every if found(path, a=a, b=b).operations} == runs


def test_outside_a_recipe() -> None:
    with pytest.raises(RuntimeError, match="outside a step"):
        mkimg(GiB(4))
