from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vmdsl.vmdb2.to_python.literals import Code, string

#: What is hard to write in a literal.
PIECES = ['"', "'", '"""', "\\", "\n", " \n", "\t\n", "\r", "\t", "{", "}", "\\N{BULLET}", "\x00"]
TEXTS = st.text() | st.lists(
    st.sampled_from([*PIECES, "echo", "${X}", "ü", "\u2028", "\ud800"])
).map("".join)
PARTS = st.lists(TEXTS | st.just(Code("host()")))


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("", '""'),
        ("pc\n", r'"pc\n"'),
        ("say 'hi'", '''"say 'hi'"'''),
        ('say "hi"', """'say "hi"'"""),
        ("""it's "so" """, """'it\\'s "so" '"""),
        (r"s/\(x\)//", r'r"s/\(x\)//"'),
        ("C:\\", r'"C:\\"'),
        ("a\tb\x1b\u2028ü", r'"a\tb\x1b\u2028ü"'),
        ("one\ntwo\n", '"""\\\none\ntwo\n"""'),
        ("one\ntwo", '"""\\\none\ntwo"""'),
        ("\none\ntwo\n", '"""\none\ntwo\n"""'),
        ("a \\\n  b\n", 'r"""a \\\n  b\n"""'),
        ("a \n\tb\t\nc", '"""\\\na\\x20\n\tb\\t\nc"""'),
        ('a\n"""\n"', '"""\\\na\n""\\"\n"\\\n"""'),
        ("a\r\nb\r\n", '"""\\\na\\r\nb\\r\n"""'),
    ],
)
def test_reads_well(text: str, literal: str) -> None:
    assert string(text) == literal


def test_with_code_in_it() -> None:
    host = Code("host()")
    assert string(host) == "host()"
    assert string("", host, "") == "host()"
    assert string(host, "\n") == r'f"{host()}\n"'
    assert string("echo ${A} ", host) == 'f"echo ${{A}} {host()}"'
    assert string("s/\\(x\\)/", host, "/") == r'rf"s/\(x\)/{host()}/"'
    assert string("a\n", host, "\n") == 'f"""\\\na\n{host()}\n"""'


@given(PARTS)
@example(['"', Code("host()"), '""\n"'])
@example(['x\n"', '"""'])
def test_is_exact(parts: list[str | Code]) -> None:
    source = string(*parts)
    expected = "".join("pc" if isinstance(part, Code) else part for part in parts)
    assert eval(source, {"host": lambda: "pc"}) == expected  # noqa: S307 (it is our own)


@given(TEXTS)
def test_lines_end_in_what_can_be_seen(text: str) -> None:
    source = string(text)
    assert not [line for line in source.split("\n") if line != line.rstrip(" \t")]
    source.replace("\ud800", "").encode()
