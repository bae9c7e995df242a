"""Texts with variables and odd characters in them."""

from __future__ import annotations

from hypothesis import strategies as st

#: The variables that every specification is given.
VARIABLES = {
    "output": "disk.img",
    "image": "disk.img",
    "rootfs_tarball": "rootfs.tar",
    "mirror": "http://mirror.example/debian",
    "security": "http://mirror.example/debian-security",
    "a": "one",
    "class": "it's {{",
    "n": "7",
}
LETTERS = "abcXYZ019 \t\n'\"\\$`#%{}[]<>&|;:,.?*!~=+-_/@äß€😀\u2028"
WORDS = st.from_regex(r"[a-z][a-z0-9]{0,7}", fullmatch=True)
LABELS = st.from_regex(r"[A-Z0-9]{1,8}", fullmatch=True)
#: For templates of a script that must not have the image's name in what is computed.
PLAIN = ("a", "class", "n")
IMAGE = ("output", "image")


def escaped(text: str) -> str:
    """A text as a template that is that text."""
    if text.endswith("\n"):
        text += "\n"  # one of which Jinja2 drops
    if any(mark in text for mark in ("{{", "{%", "{#")) or text.endswith("{"):
        return "{% raw %}" + text + "{% endraw %}"
    return text


@st.composite
def templates(draw: st.DrawFn, *, image: bool = False) -> str:
    """A text with variables in it; with the image's name, they are plain ones."""
    names = [*PLAIN, *(IMAGE if image else [])]
    variable = st.sampled_from(names).map(lambda name: "{{ " + name + " }}")
    more = st.sampled_from(["{{ a|upper }}", "{% if n == '7' %}seven{% endif %}"])
    plain = st.text(LETTERS, max_size=20).map(escaped)
    choices = [plain, plain, variable] if image else [plain, plain, variable, more]
    return "".join(draw(st.lists(st.one_of(choices), min_size=1, max_size=4)))
