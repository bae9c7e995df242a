from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from vmdsl.errors import Advice, Problem, RecipeError, UsageError
from vmdsl.language import steps
from vmdsl.language.operation import here
from vmdsl.plan.load import load
from vmdsl.plan.merge import Crash

Write = Callable[[str], Path]

RECIPE = '''
    size = option(GiB(4), help="Size.")
    uefi: Flag = flag(
        default=True,
        help="Boot with UEFI.",
    )

    def helper() -> Disk:
        return mkimg(size())

    @step
    def disk() -> Disk:
        """The disk."""
        return helper()

    @step_if(uefi)
    def table() -> Gpt:
        return mkgpt(disk())
    '''


def test_steps_and_options_in_their_order(write: Write) -> None:
    recipe = load(write(RECIPE))
    assert recipe.name == "recipe"
    assert [s.name for s in recipe.steps] == ["disk", "table"]
    assert [(o.name, o.kind, o.where.line) for o in recipe.options] == [
        ("size", "option", 3),
        ("uefi", "flag", 4),
    ]
    assert recipe.steps[0].__doc__ == "The disk."
    assert [s.where.line for s in recipe.steps] == [12, 17]
    assert recipe.problems == ()


def test_twice_the_same(write: Write) -> None:
    """A recipe that is loaded again is loaded afresh."""
    path = write(RECIPE)
    first, second = load(path), load(path)
    assert first.steps[0] is not second.steps[0]
    assert [s.name for s in first.steps] == [s.name for s in second.steps]


def test_byte_order_mark(write: Write) -> None:
    path = write(RECIPE)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert [s.name for s in load(path).steps] == ["disk", "table"]
    assert load(path).problems == ()


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("x = 1\ndef f(:\n", 2, "syntax error: invalid syntax"),
        ("x = 1\ny = 1 / 0\n", 2, "ZeroDivisionError: division by zero"),
        ("import json\n\njson.loads('x')\n", 3, "JSONDecodeError: Expecting value"),
    ],
)
def test_mistake_in_a_module_beside_the_recipe(
    write: Write, text: str, line: int, what: str
) -> None:
    path = write("import beside_it\n")
    (path.parent / "beside_it.py").write_text(text, encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        load(path)
    (problem,) = caught.value.problems
    assert str(problem.where) == f"{path.parent / 'beside_it.py'}:{line}"
    assert problem.what.startswith(what)


def test_nothing_is_left_behind(write: Write) -> None:
    for text in (RECIPE, "1 / 0", "mkimg(GiB(4))"):
        path = write(text)
        before = sys.dont_write_bytecode
        with suppress(RecipeError):
            load(path)
        with pytest.raises(RuntimeError):  # no evaluation is under way
            here()
        assert steps.declared == []
        assert sys.dont_write_bytecode == before


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nothing\.py: the recipe cannot be read: No such file"):
        load(tmp_path / "nothing.py")


def test_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Is a directory"):
        load(tmp_path)


def test_not_text(tmp_path: Path) -> None:
    path = tmp_path / "disk.img"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="it is not UTF-8 text"):
        load(path)


@pytest.mark.parametrize(
    ("text", "line", "what", "crash"),
    [
        ("x = 1\n1 / 0", 3, "ZeroDivisionError: division by zero", False),
        ("def f(:\n  pass", 2, "syntax error:", False),
        ("import vmdsl_nothing", 2, "ModuleNotFoundError", False),
        ("from vmdsl import nothing", 2, "ImportError", False),
        ("len(3)", 2, "TypeError", True),
        ("nothing()", 2, "NameError", True),
        ("raise SystemExit", 2, "SystemExit", False),
        ("assert False", 2, "AssertionError", False),
        ("mkimg(GiB(4))", 2, "outside a step; put it into a function with @step", False),
    ],
)
def test_recipe_that_cannot_be_run(
    write: Write, text: str, line: int, what: str, *, crash: bool
) -> None:
    path = write(text)
    with pytest.raises(RecipeError) as caught:
        load(path)
    (problem,) = caught.value.problems
    assert problem.where is not None
    assert (problem.where.file, problem.where.line) == (path, line)
    assert what in problem.what
    assert isinstance(problem, Crash) == crash


def test_interrupting_is_no_mistake(write: Write) -> None:
    with pytest.raises(KeyboardInterrupt):
        load(write("raise KeyboardInterrupt"))


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("@step\ndef a(x=1) -> None: ...", 2, "has parameters"),
        ("@step\ndef a(*, x) -> None: ...", 2, "has parameters"),
        ("@step\ndef a(*x) -> None: ...", 2, "has parameters"),
        ("@step\ndef a(): ...", 2, "doesn't say what it returns"),
        ("def a() -> None: ...", 2, "nothing calls the function a"),
        ("verbose = flag(default=True, help='x')", 2, "a name that vmdsl itself uses"),
        ("_x = flag(default=True, help='x')", 2, "a name that vmdsl itself uses"),
        ("x = option(None, help='x')", 2, "is of the type NoneType"),
        ("x = option(False, help='x')", 2, "is on or off"),
        ("option(3, help='x')", 2, "without a name"),
    ],
)
def test_wrong_declarations(write: Write, text: str, line: int, what: str) -> None:
    (problem,) = load(write(text)).problems
    assert problem.where is not None
    assert problem.where.line == line
    assert what in problem.what
    assert problem.hint


@pytest.mark.parametrize(
    "text",
    [
        "def a() -> None: ...\n@step\ndef b() -> None:\n    a()",
        "def a() -> None: ...\ntable = {'a': a}",
        "def a(x: int) -> None: ...",
        "@__import__('functools').cache\ndef a() -> None: ...",
    ],
)
def test_functions_that_are_no_forgotten_steps(write: Write, text: str) -> None:
    assert load(write(text)).problems == ()


def test_modules_beside_the_recipe(write: Write, tmp_path: Path) -> None:
    (tmp_path / "beside_the_recipe.py").write_text(
        "from vmdsl import flag, step\nbig = flag(default=True, help='x')\n"
        "@step\ndef disk() -> None: ...\n",
        encoding="utf-8",
    )
    recipe = load(write("from beside_the_recipe import big, disk as image"))
    assert [(p.what, p.where.line if p.where else 0) for p in recipe.problems] == [
        ("the flag big comes from another module", 2),
        ("the step image comes from another module", 2),
    ]
    assert recipe.steps == ()
    assert recipe.options == ()


def test_options_that_nothing_reads(write: Write) -> None:
    """A warning, as they are no mistake; one that is a mistake besides is reported as that."""
    declared = "size = option(GiB(4), help='x')\nuefi = flag(default=True, help='x')\n"
    declared += "wrong = option(1.5, help='x')\n"
    reading = "@step\ndef disk() -> Disk:\n    return mkimg(size())\n"
    problems = load(write(f"{declared}{reading}")).problems
    assert [(p.what, type(p)) for p in problems] == [
        ("the option wrong is of the type float", Problem),
        ("no step reads the flag uefi, so it changes nothing", Advice),
    ]
    reads_all = "@step\ndef more() -> None:\n    [one() for one in globals().values()]\n"
    assert [type(p) for p in load(write(f"{declared}{reads_all}")).problems] == [Problem]


def test_a_function_that_is_written_like_a_step(write: Write) -> None:
    step = "@step\ndef disk() -> Disk:\n    return mkimg(GiB(4))\n"
    functions = "def table() -> Gpt:\n    return mkgpt({})\ndef name() -> str:\n    return 'a'\n"
    caller = "@step\ndef part() -> Partition:\n    return mkpart(table(), label=name())\n"
    assert [
        (p.what, type(p)) for p in load(write(step + functions.format("disk()") + caller)).problems
    ] == [("the function table is written like a step, but it is not one", Advice)]
    assert load(write(functions.format("mkimg(GiB(4))") + caller)).problems == ()
