"""Specifications that are wrong, and what is said of them; and those that surprise."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from vmdsl.errors import Problem, RecipeError
from vmdsl.vmdb2.reading.read import Read, read
from vmdsl.vmdb2.schema import Ansible, Apt, Chroot, CreateFile, Grub, Mkpart, Shell
from vmdsl.vmdb2.text import Text, Variable

FILE = Path("pc.vmdb")
VARIABLES = {"output": "pc.img", "release": "trixie"}


def steps(text: str, *, lenient: bool = False) -> Read:
    """The reading of the steps of a specification; its line 1 is `steps:`."""
    return read(f"steps:\n{textwrap.dedent(text)}", FILE, VARIABLES, lenient=lenient, arch="arm64")


def said(problem: Problem) -> str:
    """A problem in one line, without the file's name."""
    return str(problem).removeprefix("pc.vmdb:").replace("\n    ", " | ")


def problem_of(text: str) -> str:
    """The one problem of steps."""
    found = steps(text)
    assert len(found.problems) == 1, [said(p) for p in found.problems]
    return said(found.problems[0])


def warning_of(text: str) -> str:
    """The one warning of steps without a problem."""
    found = steps(text)
    assert [said(p) for p in found.problems] == []
    assert len(found.warnings) == 1, [said(p) for p in found.warnings]
    return said(found.warnings[0])


MKPART = "- {{mkpart: primary, device: x, start: 0%, end: 100%, {}}}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # text is wanted
        ("- {mkimg: x, size: 4000000}", "2:20: $.steps[0].size: size must be text, and this is 40"),
        ("- {mkimg: x, size: 4000000}", '| vmdb2 refuses it, too; in quotes it is text: "4000000"'),
        ("- {mkimg: x, size: 1.5}", "this is 1.5, which YAML takes for a number with a point"),
        ("- {mkimg: x, size: 1.5}", '| vmdb2 aborts; in quotes it is text: "1.5"'),
        ("- {mkimg: x, size: 2020-01-01}", "this is 2020-01-01, which YAML takes for a date"),
        ("- {mkimg: x, size: 2020-13-01}", "YAML takes for a date that does not exist"),
        ("- {mkimg: x, size: 12:30}", "this is 12:30, which YAML takes for the number 750"),
        ("- {mkimg: x, size: 010}", "this is 010, which YAML takes for the number 8"),
        ("- {mkimg: x, size: 0x_}", "this is 0x_, which YAML takes for a whole number"),
        ("- {mkimg: x, size: off}", "this is off, which YAML takes for true or false"),
        ("- {mkimg: x, size: off}", 'in quotes it is text: "off"'),
        ("- {mkimg: x, size: [a]}", "size must be text, and this is a list"),
        ("- {mkimg: x, size: {a: b}}", "size must be text, and this is a mapping"),
        ("- mkfs: ext4\n  partition: a\n  label:", "4:9: $.steps[0].label: label has no value"),
        ("- {mkimg: x, size: ~}", "size has no value | give it one, or leave size out"),
        ("- {mkimg: x, size: =}", "this is =, which is a sign of YAML's own"),
        (
            "- {mkimg: x, size: !a b}",
            "which has the tag !a | tags have no meaning here; in quotes it is",
        ),
        # lists
        ("- {apt: install, packages: vim less}", "$.steps[0].packages: packages must be a list"),
        ("- {apt: install, packages: vim less}", "| write a list: packages: [vim, less]"),
        ("- apt: install\n  packages:", "| write packages: [] or leave packages out"),
        (
            "- apt: install\n  packages:\n  - vim\n  - 7",
            "5:5: $.steps[0].packages[1]: each of pack",
        ),
        ("- apt: install\n  packages: [7]", "| vmdb2 fails at it in the build; in quotes"),
        ("- apt: install\n  packages: [1.0]", "| vmdb2 aborts; in quotes"),
        (
            "- apt: install\n  packages: '{{ output }}'",
            "| a template gives text, never anything else",
        ),
        # numbers and flags
        ('- {create-dir: /x, perm: "0644"}', "perm must be a whole number, and this is the text"),
        ('- {create-dir: /x, perm: "0644"}', "| write it as octal, without quotes: perm: 0644"),
        ("- {create-dir: /x, perm: 0o755}", "| write it as octal, without quotes: perm: 0755"),
        ("- {create-dir: /x, perm: u=rwx}", "| write it as octal, without quotes: perm: 0644"),
        ("- {create-dir: /x, perm: yes}", "this is yes, which YAML takes for true or false"),
        ("- {create-dir: /x, perm: -1}", "-1 is not a number that can be used"),
        ("- {create-dir: /x, uid: '5'}", "| write it without quotes: uid: 5"),
        ("- {create-dir: /x, uid: 5.0}", "| write it without quotes: uid: 5"),
        ("- {apt: install, clean: 0}", "clean must be true or false, and this is 0"),
        ("- {apt: install, clean: 0}", "| write clean: false"),
        ("- {apt: install, clean: 'no'}", "| write it without quotes: clean: no"),
        ("- {apt: install, clean: '{{ x }}'}", "| a template gives text, never anything else"),
        # braces
        ("- {mkimg: {{ output }}, size: 1G}", "a template must stand in quotes"),
        (
            "- mkimg: {{ output }}\n  size: 1G",
            "2:10: $.steps[0].mkimg: a template must stand in qu",
        ),
        ("- mkimg: {{ output }}\n  size: 1G", '| write "{{ output }}"'),
        (
            "- mkimg: {{ .Name }}\n  size: 1G",
            "this is a template: YAML has no place for {{ .Name }}",
        ),
        ("- {ansible: a, playbook: b, extra_vars: [x]}", "extra_vars must be a mapping"),
        (
            "- {ansible: a, playbook: b, extra_vars: {x: {{ y }}}}",
            "a template must stand in quotes",
        ),
        (
            "- {ansible: a, playbook: b, extra_vars: {x: [1.5]}}",
            "$.steps[0].extra_vars.x[0]: x must",
        ),
        (
            "- {ansible: a, playbook: b, extra_vars: {'x y': ~}}",
            '$.steps[0].extra_vars["x y"]: x y',
        ),
        # keys
        ("- {mkfs: ext4, partition: a, lable: x}", "mkfs has no key lable | did you mean label?"),
        (
            "- {mkfs: ext4, partition: a, zzz: x}",
            "| it has mkfs, partition, label, options, target",
        ),
        (
            "- {mkfs: ext4, partition: a, zzz: x}",
            "(vmdb2 silently ignores it; with --lenient it is",
        ),
        ("- {mkfs: ext4, partitoin: a}", "mkfs has no key partitoin | did you mean partition?"),
        ("- {mkfs: ext4, partition: a, when: x}", "vmdb2 has no `when`, and never looked at it"),
        ("- {mkfs: ext4, partition: a, unles: x}", "| did you mean unless?"),
        ("- {mkimg: a, size: 1G, format: qcow2}", "format is a key of a fork of vmdb2"),
        (
            "- {create-file: a, contents: x, trailing-newline: '1'}",
            "| for a newline at the end write",
        ),
        (
            "- mkfs: ext4\n  partition: a\n  mkfs: vfat",
            "4:3: $.steps[0].mkfs: mkfs is there twice, fi",
        ),
        ("- {mkfs: ext4}", "2:3: $.steps[0]: mkfs has no partition, which it needs"),
        (
            "- {mkfs: ext4, partition: a, 1: x}",
            "a key must be text, and YAML takes `1` for somethi",
        ),
        ("- {mkfs: ext4, partition: a, [x]: x}", "a key must be text"),
        ("- {mkfs: ext4, partition: a, <<: x}", "`<<` takes the keys of a mapping"),
        (MKPART.format("tag: a, part-tag: b"), "tag and part-tag are two names of one key"),
        (MKPART.format("tag: a, part-tag: b"), "$.steps[0].part-tag: "),
        ("- {debootstrap: a, qemu-debootstrap: a, target: b, mirror: c}", "two names of one key"),
        # unless
        ("- {fstab: a, unless: yes}", "unless must be text, and this is yes"),
        ("- {fstab: a, unless: 5}", "unless must be text, and this is 5"),
        ("- {fstab: a, unless: [x, 5]}", "$.steps[0].unless[1]: each of unless must be text"),
        ("- {fstab: a, unless: }", "unless has no value"),
        # steps
        ("- {grbu: bios}", "2:4: $.steps[0]: there is no step grbu | did you mean grub?"),
        (
            "- {foo: x, bar: y}",
            "no key of this step names one that vmdb2 has: foo, bar | the steps",
        ),
        ("- {fs-tag: a, kernel: linux-image-amd64}", "kernel was a step before vmdb2 was released"),
        ("- {fs-tag: a}", "no key of this step names one that vmdb2 has: fs-tag"),
        ("- {ramdisk: x}", "ramdisk is a step of a fork of vmdb2"),
        ("- {overlay: x, paths: []}", "overlay is a step of a fork of vmdb2"),
        ("- {mkimage: x, size: 1G}", "the step is mkimg"),
        (
            "- {create-file: a, contents: b, copy-file: c, src: d}",
            "create-file and copy-file are two",
        ),
        (
            "- {create-file: a, contents: b, copy-file: c, src: d}",
            "write `- copy-file:` as a step of",
        ),
        ("- {chroot: a, shell: b, root-fs: c}", "chroot and shell are two steps"),
        ("- {chroot: a}", "chroot has no shell, which it needs"),
        ("- {shell: a}", "shell has no root-fs, which it needs"),
        ("- {}", "2:3: $.steps[0]: this step is empty"),
        ("-", "this step is empty"),
        ("- {<<: {}}", "this step is empty"),
        ("- mkimg", "this is not a step | it lacks a colon and a value: mkimg: ..."),
        ("- hello", "this is not a step | a step is a mapping, such as"),
        ("- [a]", "this is not a step"),
    ],
)
def test_problem(text: str, message: str) -> None:
    assert message in problem_of(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "- {create-dir: /x, perm: 644}",
            "644 is decimal, and means the mode 1204 | write perm: 06",
        ),
        (
            "- {create-dir: /x, perm: 1000}",
            "1000 is decimal, and means the mode 1750 | write perm: 0",
        ),
        (
            "- {create-dir: /x, perm: 980}",
            "980 is decimal, and means the mode 1724 | write perm: 01724",
        ),
        (
            "- {copy-dir: /x, src: a, umask: 22}",
            "22 is decimal, and means the mode 0026 | write uma",
        ),
        ("- {create-dir: /x, uid: 010}", "010 is octal, and means 8 | write uid: 8"),
        ("- {create-dir: /x, uid: 12:30}", "YAML takes 12:30 for minutes and seconds, 750"),
        ("- {ansible: a, playbook: b, extra_vars: {x: 0644}}", "0644 is octal, and means 420"),
        ("- {zerofree: x}", "zerofree was never a step of a released vmdb2"),
        ("- {echo: '{{ arch }}'}", "{{ arch }} is 'arm64', with the quotes"),
        (
            "- create-file: a\n  contents: |\n    hi\n",
            "3:13: $.steps[0].contents: vmdb2 drops the las",
        ),
        (
            '- {create-file: a, contents: "hi\\n"}',
            "| to have one, write `contents: |+` and an empty",
        ),
    ],
)
def test_warning(text: str, message: str) -> None:
    assert message in warning_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "- {create-dir: /x, perm: 0644, uid: 0, gid: 1000}",
        "- {create-dir: /x, perm: 0x1ff}",
        "- {create-dir: /x, perm: 489}",
        "- {create-file: /x, contents: a, perm: 420}",
        "- {create-dir: /x, perm: 0}",
        "- {grub: bios, timeout: -1}",
        "- create-file: a\n  contents: |-\n    hi\n",
        "- create-file: a\n  contents: |+\n    hi\n\n",
        "- create-file: a\n  contents: ''\n",
        "- chroot: a\n  shell: |\n    hi\n",
        "- {echo: '{{ arch is defined }}' }".replace("arch", "output"),
    ],
)
def test_right(text: str) -> None:
    found = steps(text)
    assert (found.problems, found.warnings) == ((), ())
    assert len(found.spec.steps) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "pc.vmdb: there is nothing in it"),
        ("# only a comment\n", "pc.vmdb: there is nothing in it"),
        ("---\n", "there is nothing in it"),
        ("hello\n", "this is not a specification"),
        ("- mkimg: x\n", "this is a list, without `steps:`"),
        ("step: []\n", "there is no key `steps`\n    did you mean steps, where step stands?"),
        ("steps:\n", "pc.vmdb:1:7: $.steps: steps is not a list"),
        ("steps: mkimg\n", "steps is not a list"),
        ("steps:\n  mkimg: x\n", "pc.vmdb:2:3: $.steps: steps is not a list"),
        ("steps: []\n---\nsteps: []\n", "pc.vmdb:2:1: a second document begins"),
        ("steps:\n\t- mkimg: x\n", "pc.vmdb:2:1: not YAML: found character '\\t'"),
        ("steps:\n\t- mkimg: x\n", "YAML is indented with spaces, never with tabs"),
        ("steps:\n - debootstrap: sid\n   variant: -\n", 'begins with `-` must be in quotes: "-"'),
        ("steps:\n - echo: a: b\n", "2:11: not YAML: mapping values are not allowed here"),
        ("steps:\n - echo: |\n a\n", "text of several lines must be indented more"),
        ("steps:\n - echo: 'x\n", "pc.vmdb:2:10: not YAML: found unexpected end of stream"),
        ("steps:\n - echo: 'x\n", "the quote that begins here is never closed"),
        ('steps:\n - echo: "\\d"\n', "a backslash is written twice"),
        ("steps:\n - echo: *x\n", "*x means what is named &x, and nothing above is"),
        ("steps:\n - echo: *.deb\n", "text that begins with * or & must be in quotes"),
        ("steps:\n - echo: @x\n", "text that begins with this character must be in quotes"),
        ("steps:\n - mkimg: x\n  size: y\n", "the lines of a step are indented alike"),
        ("steps:\n - echo: {{ output }}.img\n", 'must be in quotes: "{{ output }}"'),
        ("steps:\n - shell: | echo\n", "text after | or > begins in the next line"),
        ("steps: [\n", "a list ends with ]"),
        ("a: &x 1\nb: &x 2\nsteps: []\n", "pc.vmdb:2:4: there is a second &x"),
        ("steps: &x [*x]\n", "*x stands in &x itself"),
        (f"steps: {'[' * 60}", "nested more than 50 deep"),
        (f"steps: {'[' * 100_000}", "nested more than 50 deep"),
        ("%YAML 2.0\n---\nsteps: []\n", "found incompatible YAML document"),
        ("\x00\x01\x7fELF", "pc.vmdb:1:1: not YAML: there is a character 0x00, which is not text"),
        ("steps:\n - echo: \x07\n", "pc.vmdb:2:10: not YAML: there is a character 0x07"),
        ("steps:\n - echo: \ud800\n", "there is a character 0xd800"),
        # templates
        (
            "steps:\n{% for x in y %}\n - echo: x\n{% endfor %}\n",
            "2:1: this is a template: YAML has",
        ),
        ("steps:\n{{- range .X }}\n - echo: x\n{{- end }}\n", "no place for {{- range .X }}"),
        ("steps:\n - echo: {{ `x` }}\n", "2:10: this is a template"),
        ("steps:\n - echo: a\n   __MORE__\n - echo: b\n", "YAML has no place for __MORE__"),
        ("steps:\n - echo: @NAME@\n", "substitute @NAME@ first"),
        ("steps:\n <% if x %>\n - echo: a\n", "this is a template"),
    ],
)
def test_nothing_can_be_read(text: str, message: str) -> None:
    with pytest.raises(RecipeError) as error:
        read(text, FILE, VARIABLES)
    assert len(error.value.problems) == 1
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("- {chrot: x, shell: y}", "Chroot", "there is no step chrot | did you mean chroot?"),
        ("- {copy-file: /a, from: b}", "CopyFile", "copy-file has no key from | did you mean src?"),
        ("- {size: 1G}", "Mkimg", "names one that vmdb2 has: size | add `mkimg:`, which has such"),
        ("- {dirname: /a, mount-on: b}", "Mount", "| add `mount:`, which has such keys"),
        ("- {apt: install, tag: a, packages: vim}", "Apt", "packages must be a list"),
        ("- {mount: [a]}", "Mount", "mount must be text, and this is a list"),
    ],
)
def test_what_was_meant_is_read(text: str, kind: str, message: str) -> None:
    assert message in problem_of(text)
    (step,) = steps(text).spec.steps
    assert type(step).__name__ == kind


def test_two_misspelt_keys_make_one_step() -> None:
    found = steps("- {shel: y, chrot: x}")
    assert [type(step).__name__ for step in found.spec.steps] == ["Chroot"]
    assert [problem.hint for problem in found.problems] == [
        "did you mean chroot?",
        "did you mean shell?",
    ][::-1]


def test_two_steps_in_one_mapping_are_read_both() -> None:
    found = steps("- {create-file: a, contents: b, copy-file: c, src: d}")
    assert [type(step).__name__ for step in found.spec.steps] == ["CreateFile", "CopyFile"]
    assert len(found.problems) == 1


def test_every_problem_at_once_in_the_order_of_places() -> None:
    found = steps("""\
        - mkpart: primary
          start: 0
          nothing: x
        - bogus: y
        - echo: "{{ outputt }} and {{ another }}"
        """)
    assert [(p.where.line, p.where.path) for p in found.problems if p.where] == [
        (2, "$.steps[0]"),
        (2, "$.steps[0]"),
        (3, "$.steps[0].start"),
        (4, "$.steps[0].nothing"),
        (5, "$.steps[1]"),
        (6, "$.steps[2].echo"),
        (6, "$.steps[2].echo"),
    ]


def test_what_was_probably_meant_is_read() -> None:
    found = steps("- {mkimgg: x, size: 5}\n")
    assert [step.places.keys() for step in found.spec.steps] == [{"mkimg", "size"}]
    assert len(found.problems) == 2


def test_lenient_ignores_what_vmdb2_ignores() -> None:
    found = steps(
        """\
        - mkfs: ext4
          partition: a
          lable: b
          partition: c
          when: 1.5
        """,
        lenient=True,
    )
    assert found.problems == ()
    assert [said(w).partition(" | ")[0][:84].strip() for w in found.warnings] == [
        "4:3: $.steps[0].lable: mkfs has no key lable; it is ignored, as vmdb2 does",
        "5:3: $.steps[0].partition: partition is there twice, first in line 3: only the last",
        "6:3: $.steps[0].when: vmdb2 has no `when`, and never looked at it; it is ignored, as",
    ]
    (step,) = found.spec.steps
    assert list(step.places) == ["mkfs", "partition"]
    assert vars(step)["partition"] == "c"


def test_lenient_misses_what_is_missing() -> None:
    found = steps("- {mkfs: ext4, partitoin: a}", lenient=True)
    assert [said(p) for p in found.problems] == [
        "2:16: $.steps[0].partitoin: mkfs has no key partitoin | did you mean partition?"
    ]


def test_old_names() -> None:
    found = steps("""\
        - qemu-debootstrap: sid
          target: a
          mirror: b
        - {mkpart: p, device: d, start: s, end: e, part-tag: t}
        - {apt: install, fs-tag: t}
        - {grub: uefi, root-fs: r, efi-part: e, device: d, root-part: p}
        - {cryptsetup: a, tag: b, key-cmd: c}
        - mount-virtual-filesystems: a
        - {mkfs: ext4, partition: a, fs-tag: b}
        - {mount: a, fs-tag: b}
        """)
    assert (found.problems, found.warnings) == ((), ())
    grub = next(step for step in found.spec.steps if isinstance(step, Grub))
    assert (grub.tag, grub.efi, grub.image_dev, grub.root_part) == ("r", "e", "d", "p")
    assert grub.places["image_dev"].path == "$.steps[3].device"


def test_keys_in_any_order_and_chroot_is_no_shell() -> None:
    found = steps("""\
        - root-fs: /
          unless: [a, b]
          shell: echo
        - shell: echo
          chroot: /
          unless: []
        """)
    shell, chroot = found.spec.steps
    assert isinstance(shell, Shell)
    assert isinstance(chroot, Chroot)
    assert (shell.unless, chroot.unless) == (("a", "b"), ())
    assert (shell.where.line, shell.where.column, shell.where.path) == (2, 3, "$.steps[0]")
    assert str(shell.places["shell"]) == "pc.vmdb:4:3: $.steps[0].shell"
    assert str(shell.shell.where) == "pc.vmdb:4:10: $.steps[0].shell"


def test_anchors_aliases_and_merged_keys() -> None:
    text = textwrap.dedent("""\
        base: &base
          apt: install
          tag: root
          clean: no
        names: &names [vim, less]
        step: &step
          echo: hello
        steps:
          - <<: *base
            packages: *names
            tag: other
          - *step
          - <<: [{tag: first}, *base]
        """)
    found = read(text, FILE, VARIABLES)
    assert found.problems == ()
    first, echo, last = found.spec.steps
    assert isinstance(first, Apt)
    assert isinstance(last, Apt)
    assert (first.packages, first.tag, first.clean) == (("vim", "less"), "other", False)
    assert (last.tag, last.clean) == ("first", False)
    assert (echo.where.line, echo.where.column) == (12, 5)
    assert echo.places["echo"].line == 7


def test_one_mistake_in_an_alias_is_told_once() -> None:
    found = read("a: &a {echo: 5}\nsteps: [*a, *a]\n", FILE, {})
    assert [p.where and str(p.where) for p in found.problems] == ["pc.vmdb:1:14: $.steps[0].echo"]


def test_a_bomb_of_aliases_goes_off_outside() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    lines += ["steps:", "- {ansible: a, playbook: b, extra_vars: {x: *a29}}"]
    found = read("\n".join(lines), FILE, {})
    assert ["more than 50000 values" in p.what for p in found.problems] == [True]
    merges = ["m0: &m0 {a: b}"]
    merges += [f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 9)}]}}" for n in range(1, 30)]
    merges += ["steps:", "- {ansible: a, playbook: b, extra_vars: {<<: *m29}}"]
    (step,) = read("\n".join(merges), FILE, {}).spec.steps
    assert isinstance(step, Ansible)
    assert step.extra_vars == {"a": "b"}


def test_extra_vars() -> None:
    (step,) = steps("""\
        - ansible: root
          playbook: x.yml
          extra_vars:
            text: "{{ release }}"
            number: 5
            flag: yes
            list: [a, 1]
            inner: {a: b}
        """).spec.steps
    assert isinstance(step, Ansible)
    assert step.extra_vars == {
        "text": "trixie",
        "number": 5,
        "flag": True,
        "list": ["a", 1],
        "inner": {"a": "b"},
    }


def test_texts_know_their_places_and_variables() -> None:
    (step,) = steps("""\
        - create-file: /a
          contents: "{{ release }}-x"
          perm: 0600
        """).spec.steps
    assert isinstance(step, CreateFile)
    assert step.path == Text("/a", step.path.where)
    assert step.path.is_plain
    assert step.contents.parts == (Variable("release"), "-x")
    assert step.contents == "trixie-x"
    assert step.perm == 0o600


def test_untagged_partition() -> None:
    (step,) = steps("- {mkpart: primary, device: d, start: 1M, end: 100%}").spec.steps
    assert isinstance(step, Mkpart)
    assert step.tag is None


def test_mark_of_the_byte_order_and_line_ends_of_others() -> None:
    found = read("\ufeffsteps:\r\n- echo: |\r\n    a\r\n    b\r\n", FILE, {})
    (step,) = found.spec.steps
    assert vars(step)["echo"] == "a\nb"
    assert (step.where.line, step.where.column) == (2, 3)
