"""Comments, and the steps that they belong to."""

from __future__ import annotations

import textwrap
from pathlib import Path

from vmdsl.vmdb2.load import load_specification
from vmdsl.vmdb2.reading.read import read
from vmdsl.vmdb2.schema import Spec
from vmdsl.vmdb2.to_python.source import to_python


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


def test_comments_within_a_step_stay_at_their_arguments(tmp_path: Path) -> None:
    text = """\
steps:
- mkimg: pc.img  # small
  size: 2G
- mklabel: gpt
  device: pc.img
- mkpart: primary
  device: pc.img
  # behind the firmware
  start: 64MiB
  end: 100%  # all that is left
  tag: root
- mkfs: ext4
  partition: root
- mount: root
- debootstrap: trixie
  mirror: http://mirror.example/debian
  target: root
  components:
    - main
    # for the firmware
    - non-free-firmware
- apt: install
  packages:
    # wifi:
    - iw
    - wpasupplicant  # with keys
    # - mtr
  tag: root
- chroot: root
  # once is enough
  shell: touch /x
"""
    loaded = load_specification(text, tmp_path / "pc.vmdb", directory=tmp_path, variables={})
    source = to_python(loaded.draft)
    assert "# small\n@step\ndef disk()" in source
    assert "        # behind the firmware\n        start=MiB(64),\n" in source.replace(
        "    " * 4, "    " * 2
    )
    assert '# for the firmware\n            "non-free-firmware",\n' in source
    assert (
        """    apt(
        system(),
        # wifi:
        "iw",
        # with keys
        "wpasupplicant",
        # - mtr
    )
"""
        in source
    )
    assert '        # once is enough\n        "touch /x",\n' in source
    for comment in ("small", "behind the firmware", "all that is left", "with keys", "- mtr"):
        assert source.count(f"# {comment}") == 1


def test_what_is_odd_but_faithful_is_said(tmp_path: Path) -> None:
    text = """\
steps:
- {mkimg: pc.img, size: 2G}
- {mklabel: msdos, device: pc.img}
- {mkpart: primary, device: pc.img, start: 4MiB, end: 1G, tag: root}
- {mkfs: ext4, partition: root}
- {mount: root}
- {debootstrap: bookworm, mirror: "http://mirror.example/debian", target: root}
- {create-file: /etc/x, contents: x, perm: 755}
- {create-file: /etc/resolv.conf, contents: ""}
"""
    loaded = load_specification(text, tmp_path / "pc.vmdb", directory=tmp_path, variables={})
    source = to_python(loaded.draft)
    assert "# parted takes 1G for 954 MiB, the whole MiB nearest to it.\n" in source
    assert "# perm: 755 is a decimal number, so vmdb2 makes the mode 1363 of it.\n" in source
    said = "vmdb2 removes /etc/resolv.conf when the image is done, even one that a step made."
    assert f"# {said}\n@step\ndef resolver()" in source
    assert "format=" not in source
