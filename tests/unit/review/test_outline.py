"""The text of a plan: it can be read again, and shows what it is made of as it is."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmdsl.review.outline import Node, NotAPlan, Outline, is_plan, read, without_lines, write

WORDS = st.text(min_size=1, max_size=12)
LEAVES = st.builds(
    Node,
    name=st.one_of(WORDS, st.sampled_from(["-", "a: b", "a:", "x (line 3)", '"', "| a", "- a"])),
    value=st.text(max_size=12),
    line=st.sampled_from([0, 7]),
    text=st.none() | WORDS,
)
NODES = st.recursive(
    LEAVES,
    lambda below: st.builds(
        Node, name=WORDS, value=st.text(max_size=5), below=st.lists(below, max_size=3).map(tuple)
    ),
    max_leaves=8,
)
SECTIONS = st.builds(Node, name=WORDS, below=st.lists(NODES, max_size=3).map(tuple))


def outline(*nodes: Node) -> Outline:
    return Outline(recipe="a.py", sections=(Node(name="Things", below=nodes),))


def shown(*nodes: Node, lines: bool = False) -> list[str]:
    return write(outline(*nodes), lines=lines).splitlines()[3:]


@given(st.builds(Outline, recipe=WORDS, sections=st.lists(SECTIONS, max_size=3).map(tuple)))
def test_it_is_read_as_it_was_written(made: Outline) -> None:
    bare = without_lines(made)
    text = write(bare)
    assert read(text) == bare
    assert all(line.replace("\t", "").isprintable() for line in text.split("\n"))


def test_lines_of_the_recipe_are_shown_on_request() -> None:
    node = Node(name="motd", value="create it", line=7, below=(Node(name="mode", value="0644"),))
    assert shown(node) == ["  motd: create it", "    mode: 0644"]
    assert shown(node, lines=True) == ["  motd (line 7): create it", "    mode: 0644"]
    assert read(write(outline(node), lines=True)) == outline(node)


def test_texts_are_whole() -> None:
    node = Node(name="script", text="set -e\n\n\tls  \n")
    assert shown(node) == ["  script:", "    | set -e", "    |", "    | \tls  "]
    node = Node(name="script", text="a\nb")
    assert shown(node)[-1] == "    \\ no newline at the end"


@pytest.mark.parametrize("text", ["\x1b[2J", "a\rb", "x\u202ey", "\u2028", "\ud800"])
def test_nothing_reaches_the_terminal_that_it_would_obey(text: str) -> None:
    (line,) = shown(Node(name="value", value=text))
    assert line.isprintable()
    _, line = shown(Node(name="script", text=f"{text}\n"))
    assert line.isprintable()
    assert line.startswith("    ! ")


def test_drawing() -> None:
    bar = ("┌──┐", "│1 │", "└──┘")
    made = outline(Node(name="", drawing=bar), Node(name="root", value="partition 1"))
    assert write(made).splitlines()[3:] == [*(f"  {line}" for line in bar), "  root: partition 1"]
    assert read(write(made)) == made


def test_finding() -> None:
    node = Node(name="a", below=(Node(name="b", value="c"), Node(name="b", value="d")))
    assert outline(node).section("Things") == (node,)
    assert outline().section("Others") == ()
    assert (node.of("b"), node.of("x")) == ("c", "")
    assert node.get("x") is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "does not begin with `Plan of`"),
        ("Plan of a.py", "not complete"),
        ("Plan of a.py\n\nDisk\n  size", "not complete"),
        ("Plan of a.py\n\nDisk\n  size\n", "line 4 cannot be read: it has no name: size"),
        ("Plan of a.py\n\nDisk\n    a: b\n", "line 4 cannot be read: it is indented too far"),
        ('Plan of a.py\n\nDisk\n  a: "b\n', "line 4 cannot be read"),
        ("Plan of a.py\n\nDisk\n  a:\n    ! é\n", "line 5 cannot be read"),
        ("Plan of a.py\n<<<<<<< HEAD\n  a: b\n=======\n  a: c\n>>>>>>> x\n", ""),
    ],
)
def test_what_is_not_a_plan(text: str, why: str) -> None:
    if not why:  # a conflict of git's, which no plan is equal to
        assert read(text) != outline()
        return
    with pytest.raises(NotAPlan, match=why.replace("(", r"\(")):
        read(text)


def test_files_of_plans(tmp_path: Path) -> None:
    plan, other = tmp_path / "a.plan", tmp_path / "b.plan"
    plan.write_text(write(outline()))
    other.write_text("steps:\n")
    assert is_plan(plan)
    assert not is_plan(other)
    assert not is_plan(tmp_path / "c.plan")
