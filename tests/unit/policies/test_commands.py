"""The commands of scripts, as words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmdsl.policies.commands import commands


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("curl -o x https://a.example", [("curl", "-o", "x", "https://a.example")]),
        ("/usr/bin/curl x # wget y", [("curl", "x")]),
        ("# curl's\nls", [("ls",)]),
        ("a && b || c; d & e | f", [("a",), ("b",), ("c",), ("d",), ("e",), ("f",)]),
        ("a \\\n  b", [("a", "b")]),
        ("echo 'curl x; y' \"z z\"", [("echo", "curl x; y", "z z")]),
        ('echo "say \\"$x\\""', [("echo", 'say "$x"')]),
        ("A=b C= curl x", [("curl", "x")]),
        ("A=b", []),
        ("if ! curl x; then wget y; fi", [("curl", "x"), ("wget", "y")]),
        ("x=$(curl y)", [("curl", "y")]),
        ('x="a $(curl y) b"', [("curl", "y")]),
        ("x=`curl y`", [("curl", "y")]),
        ("echo $(a b) c", [("a", "b"), ("echo", "$()", "c")]),
        ("(cd x; curl y)", [("cd", "x"), ("curl", "y")]),
        ("case $1 in curl) ls ;; *) cat ;; esac", [("ls",), ("cat",)]),
        ("curl() { ls; }\ncurl x", [("ls",)]),
        ("curl x >out 2>&1 <in", [("curl", "x")]),
        ("cat <<EOF\ncurl x\nEOF\nls", [("cat",), ("ls",)]),
        ("cat <<-'E'\n\tdon't\n\tE\nls", [("cat",), ("ls",)]),
        ("sh <<EOF\ncurl x\nEOF\n", [("sh",), ("curl", "x")]),
        ('chroot "$ROOT" <<EOF\ncurl x\nEOF\n', [("chroot", "$ROOT"), ("curl", "x")]),
        ("sudo -u ann curl x", [("sudo", "-u", "ann", "curl", "x"), ("curl", "x")]),
        ('chroot "$ROOT" curl x', [("chroot", "$ROOT", "curl", "x"), ("curl", "x")]),
        ("timeout 5 curl x", [("timeout", "5", "curl", "x"), ("curl", "x")]),
        ("sh -ec 'curl x'", [("sh", "-ec", "curl x"), ("curl", "x")]),
        ("command -v curl", [("command", "-v", "curl")]),
        ("for x in curl; do ls; done", [("for", "x", "in", "curl"), ("ls",)]),
        ("printf '%s' '<<EOF'", [("printf", "%s", "<<EOF")]),
    ],
)
def test_commands(script: str, found: list[tuple[str, ...]]) -> None:
    assert list(commands(script)) == found


@given(st.text("ab \n'\"\\$()`<;|&#E", max_size=40))
def test_any_text_can_be_read(script: str) -> None:
    for words in commands(script):
        assert words
