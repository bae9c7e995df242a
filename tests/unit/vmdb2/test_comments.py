"""Comments, and the steps that they belong to."""

from __future__ import annotations

import textwrap
from pathlib import Path

from vmdsl.vmdb2.reading.read import read
from vmdsl.vmdb2.schema import Spec


def spec(text: str) -> Spec:
    found = read(textwrap.dedent(text), Path("x"), {}, lenient=True)
    assert found.problems == ()
    return found.spec


def test_each_is_kept_at_its_step() -> None:
    found = spec("""\
        # About this.
        #
        #  Indented.
        steps: # the steps
          # first
          - echo: a # in it

          # above b

          #- echo: none
          - echo: b
        # at the left, and in the step
            teardown: x
            # below, and part of it
            # and this

            # but not this
          - echo: c
          # the last one is followed by this
        # end
        """)
    assert found.comments == ("About this.", "", " Indented.")
    assert [step.comments for step in found.steps] == [
        ("the steps", "first", "in it"),
        (
            "above b",
            "- echo: none",
            "at the left, and in the step",
            "below, and part of it",
            "and this",
        ),
        ("but not this",),
    ]
    assert found.closing == ("the last one is followed by this", "end")


def test_what_is_in_values_is_no_comment() -> None:
    found = spec("""\
        steps:
          - echo: | # a comment
              # text

              # text
            # a second

          - echo: "a # text
              # text"  # a third
          - echo: 'a # text' # fourth
          - echo: a#text
              b # fifth
          - {echo: "#text", # sixth
            teardown: x#}
          - echo: >-
              # text
        # seventh
        """)
    assert [step.comments for step in found.steps] == [
        ("a comment", "a second"),
        ("a third",),
        ("fourth",),
        ("fifth",),
        ("sixth",),
        (),
    ]
    assert found.closing == ("seventh",)
    assert vars(found.steps[0])["echo"] == "# text\n\n# text"
    assert vars(found.steps[4])["teardown"] == "x#"


def test_anchors_elsewhere() -> None:
    found = spec("""\
        # top
        base: &base # base
          echo: a # in base
        steps:
        # first
        - *base # one
        - <<: *base # two
          teardown: c
        # below
        other: 5 # other
        """)
    assert found.comments == ("top", "base", "in base")
    assert [step.comments for step in found.steps] == [("first", "one"), ("two",)]
    assert found.closing == ("below", "other")


def test_windows_and_no_last_newline() -> None:
    found = read("# a\r\nsteps:\r\n- echo: x # b\r\n# c", Path("x"), {}).spec
    assert (found.comments, found.steps[0].comments, found.closing) == (("a",), ("b",), ("c",))
