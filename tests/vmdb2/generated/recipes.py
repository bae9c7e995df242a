"""Recipes with what vmdb2 has steps for, and with what it has none for."""

from __future__ import annotations

from hypothesis import strategies as st

from vmdb2.generated.texts import LETTERS, WORDS

_CALLS = [
    'create_symlink(system(), "/srv/link", {text})',
    'create_file(system(), "/srv/{word}", {text}, mode=0o{mode}, uid={number})',
    'create_file(system(), "/srv/{word}", {text}, uid="root", gid="adm")',
    'create_directory(system(), "/srv/{word}", mode=0o{mode})',
    'copy_file(system(), "file", "/srv/{word}", mode=0o{mode})',
    'copy_tree(system(), "tree", "/srv/{word}", exclude=("{word}",))',
    "chroot(system(), {text})",
    "host_shell(system(), {text})",
    "host_shell(system(), {text}, image=disk())",
    "image_shell(disk(), {text}, partitions=(spare(),))",
    "image_shell(disk(), {text}, table=True)",
    "write_at(spare(), b'x', offset=KiB({number}))",
    "write_at(disk(), Path('file'), offset=KiB(512 + {number}))",
    'apt(system(), "{word}", recommends=False)',
    'apt(system(), "{word}", suite="sid")',
    'apt_remove(system(), "{word}", purge=True)',
    'preseed(system(), "{word} {word}/{word} string {word}")',
    'fstab(system(), extra=["tmpfs /tmp tmpfs size=1G 0 0"])',
    "grow_root(system())",
    'set_hostname(system(), "{word}", domain="example.org")',
    "use_dhcp(system())",
    'enable_unit(system(), "{word}")',
    'create_file(system(), "/srv/{word}", "", unless=path_exists(system(), "/srv"))',
    'set_password(system(), "root", Secret.from_file("file"))',
    'ansible(system(), "play.yml", extra_vars={{"{word}": {text}}})',
    "remove_resolver(system())",
    "tidy(system())",
    "grub_bios(system(), timeout={number})",
]
_RECIPE = """\
from pathlib import Path

from vmdsl import *
from vmdsl_stdlib import *


@step
def disk() -> Disk:
    return mkimg(GiB(8))


@step
def table() -> Msdos:
    return mkmsdos(disk())


@step
def spare() -> Partition:
    return mkpart(table(), size=MiB({size}), type={kind})


@step
def swap() -> Swap:
    return mkswap(mkpart(table(), size=MiB(64), type="swap"))


@step
def root() -> Mounted[Any]:
    return mount({mkfs}(mkpart(table(), flags={flags})), options=("defaults",))


@step
def system() -> RootFs:
    return debootstrap(
        root(), suite="trixie", mirror="http://mirror.example", include=["python3", "grub-pc"]
    )
"""


@st.composite
def recipes(draw: st.DrawFn) -> str:
    """A recipe with what vmdb2 has steps for, and with what it has none for.

    Its mounts have the options of vmdb2. Others become a script, and stay one when it is read.
    """
    head = _RECIPE.format(
        size=draw(st.integers(1, 99)),
        kind=draw(st.sampled_from(["0x83", "0x0c"])),
        mkfs=draw(st.sampled_from(["mkext4", "mkext3", "mkxfs", "mkbtrfs"])),
        flags=draw(st.sampled_from(["()", '("boot",)'])),
    )
    steps = [head]
    for number, call in enumerate(draw(st.lists(st.sampled_from(_CALLS), max_size=4, unique=True))):
        made = call.format(
            word=draw(WORDS),
            number=draw(st.integers(0, 99)),
            mode=f"{draw(st.sampled_from([0o600, 0o644, 0o755, 0o1777, 0o2755])):o}",
            text=repr(f"true {draw(st.text(LETTERS, max_size=20))}"),
        )
        steps.append(f"\n\n@step\ndef step_{number}() -> None:\n    {made}\n")
    return "".join(steps)
