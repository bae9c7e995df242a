from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drafts import call, draft, option, step, template, text
from vmdsl import GB, MB, Arch, GiB, KiB, MiB, Percent, Size, position, sectors
from vmdsl.language.operation import Operation
from vmdsl.vmdb2.draft import Draft, DraftStep, Octal, Read, Result
from vmdsl.vmdb2.text import Variable
from vmdsl.vmdb2.to_python.source import to_python

Operations = Callable[..., dict[str, Operation]]

DISK = step("disk", call("mkimg", GiB(4)), returns="Disk")
TABLE = step("table", call("mkmsdos", Result("disk")), returns="Msdos")
ROOT = step(
    "root",
    call("mount", call("mkext4", call("mkpart", Result("table"), flags=("boot",)))),
    returns="Mounted[Ext4]",
)
SYSTEM = step("system", call("debootstrap", Result("root"), suite="trixie"), returns="RootFs")
BASE = (DISK, TABLE, ROOT, SYSTEM)


def written(*steps: DraftStep, **more: Any) -> str:
    """The source below the docstring and the imports."""
    return to_python(draft(*steps, **more)).partition("\n\n\n")[2]


def argument(value: Any, name: str = "value", function: str = "thing") -> str:
    """How an argument is written."""
    source = written(step("one", call(function, **{name: value})))
    return source.split(f"{function}({name}=")[1].removesuffix(")\n")


def test_a_whole_recipe(operations: Operations) -> None:
    made = draft(
        *BASE,
        step(
            "customize",
            call(
                "chroot",
                Result("system"),
                text(
                    "echo ",
                    Variable("hostname"),
                    " > /etc/hostname\napt-get clean\n",
                    hostname="pc",
                ),
            ),
            comments=("Give it a name,", "", "and room."),
        ),
        step("mounts", call("fstab", Result("system"))),
        step(
            "boot_loader",
            call("apt", Result("system"), "grub-pc"),
            call("grub_bios", Result("system"), console="serial"),
        ),
        options=(option("hostname", "pc"),),
        comments=("A PC with a BIOS.", "", "Ann made it."),
        closing=("- zerofree: root",),
    )
    assert (
        to_python(made)
        == '''\
"""A PC with a BIOS."""

# Ann made it.

from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Mounted,
    Msdos,
    RootFs,
    apt,
    chroot,
    debootstrap,
    fstab,
    grub_bios,
    mkext4,
    mkimg,
    mkmsdos,
    mkpart,
    mount,
    option,
    step,
)

hostname = option("pc", help="Hostname.")


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Msdos:
    return mkmsdos(disk())


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), flags=("boot",))))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


# Give it a name,
#
# and room.
@step
def customize() -> None:
    chroot(
        system(),
        f"""\\
echo {hostname()} > /etc/hostname
apt-get clean
""",
    )


@step
def mounts() -> None:
    fstab(system())


@step
def boot_loader() -> None:
    apt(system(), "grub-pc")
    grub_bios(system(), console="serial")


# - zerofree: root
'''
    )
    script = "echo {} > /etc/hostname\napt-get clean\n"
    assert operations(made)["customize"].script == script.format("pc")  # type: ignore[attr-defined]
    given = operations(made, hostname="web")["customize"]
    assert given.script == script.format("web")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("size", "source"),
    [
        (MiB(256), "MiB(256)"),
        (MiB(2048), "GiB(2)"),
        (MiB(1536), "GiB(1.5)"),
        (MiB(1000), "MiB(1000)"),
        (KiB(4), "KiB(4)"),
        (sectors(63), "sectors(63)"),
        (sectors(34), "KiB(17)"),
        (MB(500), "MB(500)"),
        (GB(8), "GB(8)"),
        (-MiB(100), "-MiB(100)"),
        (-sectors(33), "-sectors(33)"),
        (Size(0), "MiB(0)"),
        (Size(4097), "Size(4097)"),
    ],
)
def test_sizes(size: Size, source: str) -> None:
    assert argument(size) == source


@given(st.integers(-(2**43), 2**43) | st.integers(-(2**20), 2**20).map(lambda n: n * 512))
def test_sizes_are_exact(number: int) -> None:
    import vmdsl  # noqa: PLC0415 (its names are all that the source uses)

    for name, function in (("value", "thing"), ("end", "mkpart")):
        source = argument(Size(number), name, function)
        assert eval(source, {**vars(vmdsl)}) == Size(number)  # noqa: S307 (it is our own)


def test_places_that_are_no_whole_sectors() -> None:
    assert argument(position("300MB"), "end", "mkpart") == 'position("300MB")'
    assert argument(position("-300MB"), "start", "mkpart") == 'position("-300MB")'
    assert argument(position("300MB"), "size", "mkpart") == "sectors(585937)"
    assert argument(position("512MB"), "end", "mkpart") == "MB(512)"


@pytest.mark.parametrize(
    ("value", "source"),
    [
        (None, "None"),
        (True, "True"),
        (7, "7"),
        (Octal(0o644), "0o644"),
        ("x", '"x"'),
        (Percent(50.0), "Percent(50)"),
        (Percent(33.3333333), "Percent(33.3333333)"),
        (Arch.ARM64, "Arch.ARM64"),
        (Path("a/b"), 'Path("a/b")'),
        (UUID(int=5), 'UUID("00000000-0000-0000-0000-000000000005")'),
        (Result("root"), "root()"),
        (Read("rootfs_tarball"), "rootfs_tarball()"),
        (("a",), '("a",)'),
        ((), "()"),
        (("a", 1), '("a", 1)'),
        ({"a": [1, 2.5], "b": {}}, '{"a": [1, 2.5], "b": {}}'),
        (call("Secret.from_file", "key"), 'Secret.from_file("key")'),
        (text("plain\n"), r'"plain\n"'),
    ],
)
def test_values(value: Any, source: str) -> None:
    assert argument(value) == source


def test_what_it_cannot_write() -> None:
    with pytest.raises(TypeError, match="cannot be written in a recipe"):
        argument(b"bytes")


def test_imports() -> None:
    source = to_python(
        draft(
            step("one", call("set_hostname", Path("x"), "pc", module="vmdsl_stdlib")),
            step("two", call("f", MB(1), UUID(int=0), Arch.I386), returns="Mounted[Any]"),
            step("three", call("f", template("x", "{{ x|upper }}"))),
            options=(option("x", "pc"), option("rootfs_tarball")),
        )
    )
    assert (
        source.partition("\n\n\n")[0]
        == '''\
"""A disk image."""

from pathlib import Path
from typing import Any
from uuid import UUID

from jinja2 import StrictUndefined, Template
from vmdsl import MB, Arch, Mounted, f, option, optional_path, step
from vmdsl_stdlib import set_hostname

x = option("pc", help="X.")
rootfs_tarball = optional_path(help="Rootfs tarball.")'''
    )


def test_options_by_other_names() -> None:
    source = written(
        step("one", call("f", text("a-", Variable("class_")))),
        step("two", call("f", template("b", "{{ class|lower }}{{ x }}"))),
        options=(option("class_", "b", variable="class"), option("x", "")),
    )
    assert 'f(f"a-{class_()}")' in source
    assert 'template.render({"class": class_(), "x": x()})' in source


@pytest.mark.parametrize(
    "source", ["{% if size == 'big' %}linux\n{% endif %}grub\n", "{{ size|upper }}-{# #}x\n\n"]
)
def test_templates(operations: Operations, source: str) -> None:
    made = draft(
        *BASE,
        step("template", call("chroot", Result("system"), template("", source))),
        options=(option("size", "big"), option("other", "")),
    )
    assert "template_2 = Template(" in to_python(made)
    assert "template_2.render(size=size())" in to_python(made)
    big = operations(made)["template"].script  # type: ignore[attr-defined]
    small = operations(made, size="small")["template"].script  # type: ignore[attr-defined]
    assert (big, small) in {("linux\ngrub", "grub"), ("BIG-x\n", "SMALL-x\n")}


@given(script=st.text(st.sampled_from("ab \n\t\\\"'{}$ü\r\x07"), min_size=1))
def test_a_script_is_exact(script: str) -> None:
    source = written(step("one", call("f", "a" + script)), options=(option("x", ""),))
    said: list[str] = []
    names: dict[str, Any] = {"step": lambda function: function(), "f": said.append}
    exec(source, names)  # noqa: S102 (it is our own)
    assert said == ["a" + script]


def test_long_calls() -> None:
    packages = tuple(f"linux-image-number-{number}" for number in range(5))
    source = written(step("one", call("apt", Result("system"), *packages[:4])))
    assert (
        source.partition("None:\n")[2]
        == """\
    apt(
        system(),
        "linux-image-number-0",
        "linux-image-number-1",
        "linux-image-number-2",
        "linux-image-number-3",
    )
"""
    )
    source = written(step("one", call("debootstrap", Result("root"), include=packages)))
    assert (
        source.partition("None:\n")[2]
        == """\
    debootstrap(
        root(),
        include=(
            "linux-image-number-0",
            "linux-image-number-1",
            "linux-image-number-2",
            "linux-image-number-3",
            "linux-image-number-4",
        ),
    )
"""
    )


def head(*comments: str) -> str:
    return to_python(draft(DISK, comments=comments)).partition("\n\nfrom ")[0]


def test_docstrings() -> None:
    assert head() == '"""A disk image."""'
    debian = call("debootstrap", Result("root"), suite="trixie", arch=Arch.ARM64)
    made = to_python(draft(DISK, step("system", debian, returns="RootFs")))
    assert made.startswith('"""A disk image with Debian trixie for arm64."""\n')
    assert head("A PC.") == '"""A PC."""'
    assert head("", "A simple", "PC. It", "boots.") == '"""A simple PC. It boots."""'
    assert (
        head("See https://x.example/a?b for", "more.")
        == '"""See https://x.example/a?b for more."""'
    )
    assert head(f"A PC. {'It boots. ' * 10}", "", "More.").splitlines() == [
        '"""A PC.',
        "",
        ("It boots. " * 10).strip(),
        '"""',
        "",
        "# More.",
    ]


@pytest.mark.parametrize(
    "comment",
    [
        "Copyright 2021 Ann. All rights reserved.",
        "use like this: vmdb2 pc.vmdb",
        'It says "\\".',
        f"A {'very ' * 20} long sentence.",
        "- mkimg: x",
    ],
)
def test_comments_that_are_no_docstring(comment: str) -> None:
    assert head(comment) == f'"""A disk image."""\n\n# {comment}'


def test_comments_that_tools_would_take_for_theirs() -> None:
    source = written(step("one", call("f"), comments=("type: ext4", "  fmt: off", "typed: x")))
    assert source.splitlines()[:3] == ["#: type: ext4", "#:   fmt: off", "# typed: x"]


def test_nothing_but_a_disk() -> None:
    assert to_python(Draft(path=Path("x.vmdb"), options=(), steps=(DISK,))).endswith(
        "from vmdsl import Disk, GiB, mkimg, step\n\n\n@step\ndef disk() -> Disk:\n"
        "    return mkimg(GiB(4))\n"
    )
