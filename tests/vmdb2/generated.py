"""Specifications as Hypothesis makes them up: all of them right, none of them likely."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

#: The variables that every specification is given.
VARIABLES = {"output": "disk.img", "image": "disk.img", "a": "one", "class": "it's {{", "n": "7"}
_LETTERS = "abcXYZ019 \t\n'\"\\$`#%{}[]<>&|;:,.?*!~=+-_/@äß€😀\u2028"
_WORD = st.from_regex(r"[a-z][a-z0-9]{0,7}", fullmatch=True)
_TAGS = st.sampled_from(
    ["root", "/", "/boot", "tag-root", "class", "mount", "1", "part 2", "système", "disk", "x.y"]
)
_LABELS = st.from_regex(r"[A-Z0-9]{1,8}", fullmatch=True)
_OWNERS = st.fixed_dictionaries({}, optional={"uid": st.integers(0, 9), "gid": st.integers(0, 9)})
_MODES = st.sampled_from([0o600, 0o640, 0o644, 0o755, 0o1777, 0o4755, 420, 644, 755])

_MENUS = st.fixed_dictionaries(
    {},
    optional={
        "console": st.just("serial"),
        "quiet": st.booleans(),
        "timeout": st.integers(0, 9),
        "kernel-params": st.lists(_WORD, max_size=2),
    },
)

Step = dict[str, Any]


def prepare(directory: Path) -> None:
    """Make the local files that specifications name."""
    (directory / "tree/below").mkdir(parents=True)
    for name in ("file", "it's", "tree/below/file", "ansible.cfg"):
        (directory / name).write_text("x", encoding="utf-8")
    (directory / "play.yml").write_text("- hosts: image\n", encoding="utf-8")


@dataclass
class _Disk:
    """The steps of a disk; `root` is its root's tag, and `efi` that of its ESP."""

    steps: list[Step] = field(default_factory=list)
    root: str = ""
    efi: str = ""


def _escaped(text: str) -> str:
    """A text as a template that is that text."""
    if text.endswith("\n"):
        text += "\n"  # one of which Jinja2 drops
    if any(mark in text for mark in ("{{", "{%", "{#")) or text.endswith("{"):
        return "{% raw %}" + text + "{% endraw %}"
    return text


@st.composite
def templates(draw: st.DrawFn, *, image: bool = False) -> str:
    """A text with variables in it."""
    names = ["a", "class", "n", *(["output"] if image else [])]
    variable = st.sampled_from(names).map(lambda name: "{{ " + name + " }}")
    more = st.sampled_from(["{{ a|upper }}", "{% if n == '7' %}seven{% endif %}"])
    plain = st.text(_LETTERS, max_size=20).map(_escaped)
    choices = [plain, plain, variable] if image else [plain, plain, variable, more]
    return "".join(draw(st.lists(st.one_of(choices), min_size=1, max_size=4)))


@st.composite
def _disks(draw: st.DrawFn) -> _Disk:
    table = draw(st.sampled_from(["gpt", "msdos"]))
    disk = _Disk()
    output = "{{ output }}"
    disk.steps += [{"mkimg": output, "size": draw(st.sampled_from(["8G", "8192M", "{{ n }}G"]))}]
    disk.steps += [{"mklabel": table, "device": output}]
    kinds = draw(st.lists(st.sampled_from(["efi", "boot", "home"]), max_size=2, unique=True))
    tags = draw(st.lists(_TAGS, min_size=3, max_size=3, unique=True))
    root = draw(st.integers(0, len(kinds)))
    kinds.insert(root, "root")
    places = [f"{1 + 1500 * number}MiB" for number in range(len(kinds))]
    ends = [*places[1:], draw(st.sampled_from(["100%", "-200MiB", "6000M", "12000000s"]))]
    made = dict(zip(kinds, tags, strict=False))
    for kind, tag, start, end in zip(kinds, tags, places, ends, strict=False):
        name = "primary" if table == "msdos" else draw(_LABELS)
        key = draw(st.sampled_from(["tag", "part-tag"]))
        place = {"device": output, "start": start, "end": end}
        hint = draw(st.sampled_from([{}, {"fs-type": "ext4"}, {"fs-type": "fat32"}]))
        disk.steps.append({"mkpart": name, **place, key: tag, **(hint if kind != "root" else {})})
        flag = draw(st.sampled_from(["", "", "boot"]))
        if flag and (table == "msdos" or kind == "efi"):
            disk.steps.append({"set_part_flag": output, "tag": tag, "flag": flag})
    disk.steps += [{"kpartx": output}] * draw(st.integers(0, 1))
    for kind, tag in made.items():
        disk.steps.append(draw(_filesystems(kind, tag)))
    disk.root, disk.efi = made["root"], made.get("efi", "")
    more = {"keep_resolvconf": True} if draw(st.booleans()) else {}
    disk.steps.append({"mount": disk.root, "zerofree": draw(st.booleans()), **more})
    for kind in {"boot", "home"} & set(kinds):
        disk.steps.append({"mount": made[kind], "dirname": f"/{kind}", "mount-on": disk.root})
    return disk


@st.composite
def _filesystems(draw: st.DrawFn, kind: str, tag: str) -> Step:
    kinds = {"efi": ["vfat"], "boot": ["ext2", "ext3", "vfat"], "home": ["xfs", "btrfs", "f2fs"]}
    step: Step = {"mkfs": draw(st.sampled_from(kinds.get(kind, ["ext4"]))), "partition": tag}
    if draw(st.booleans()):
        step["label"] = draw(_LABELS)
    if step["mkfs"] == "ext4" and draw(st.booleans()):
        step["options"] = draw(st.sampled_from(["-O ^64bit", "-m 1", "-F -O ^metadata_csum"]))
    if draw(st.booleans()):
        step["target_old"] = draw(st.booleans())
    return step


@st.composite
def _bootstraps(draw: st.DrawFn, tag: str) -> Step:
    optional: dict[str, st.SearchStrategy[Any]] = {
        "components": st.sampled_from([["main"], ["main", "contrib"]]),
        "variant": st.sampled_from(["-", "minbase", "buildd"]),
        "exclude": st.lists(_WORD, max_size=2, unique=True),
        "require_empty_target": st.booleans(),
    }
    fixed = {
        "include": st.lists(_WORD, max_size=2, unique=True).map(lambda some: [*some, "python3"]),
        "debootstrap": st.sampled_from(["bookworm", "trixie", "sid"]),
        "target": st.just(tag),
        "mirror": st.sampled_from(
            ["http://mirror.example/debian", "http://{{ a }}.example/debian"]
        ),
    }
    return draw(st.fixed_dictionaries(fixed, optional=optional))


def _steps(tag: str) -> st.SearchStrategy[Step]:
    """Any step that changes the system."""
    path = _WORD.map(lambda name: f"/srv/{name}")
    script = templates().map(lambda text: f"true {text}")
    both = st.one_of(templates(image=True), templates()).map(lambda text: f"true {text}")
    data = st.recursive(
        st.booleans() | st.integers(-9, 99) | templates(),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_WORD, inner, max_size=2),
        max_leaves=4,
    )

    def some(optional: dict[str, st.SearchStrategy[Any]], **fixed: Any) -> st.SearchStrategy[Step]:
        named = {
            key.replace("_", "-") if key != "_" else key: value for key, value in fixed.items()
        }
        strategies = {
            k: v if isinstance(v, st.SearchStrategy) else st.just(v) for k, v in named.items()
        }
        return st.fixed_dictionaries(strategies, optional=optional)

    modes = {"perm": _MODES, "uid": st.integers(0, 9), "gid": st.integers(0, 9)}
    flags = {"clean": st.booleans(), "recommends": st.booleans()}
    return st.one_of(
        some(flags, apt="install", tag=tag, packages=st.lists(_WORD, min_size=1, max_size=3)),
        some({}, chroot=tag, shell=script),
        some({}, chroot=tag, shell=st.sampled_from(_IDIOMS)),
        some({}, shell=both, root_fs=tag),
        some(modes, create_file=path, contents=templates()),
        some(modes, create_dir=path),
        some(modes, copy_file=path, src=st.sampled_from(["file", "it's"])),
        some({"umask": st.sampled_from([0o22, 0o77])}, copy_dir=path, src="tree"),
        some(
            {"extra_vars": st.dictionaries(_WORD, data, max_size=2)},
            ansible=tag,
            playbook="play.yml",
        ),
        some({}, virtual_filesystems=tag),
        some({}, echo=templates()),
    )


_IDIOMS = [
    "echo pc > /etc/hostname",
    "passwd -d root",
    "# it is made anew\nrm -f /etc/resolv.conf",
    "rm -f /etc/machine-id\necho uninitialized > /etc/machine-id",
    "systemctl enable ssh getty@ttyS0",
    "echo {{ a }} > /etc/hostname\n: > /etc/machine-id\n",
]


@st.composite
def specifications(draw: st.DrawFn) -> str:
    """A whole specification, as YAML with comments."""
    disk = draw(_disks())
    steps = disk.steps
    has_tarball = draw(st.booleans())
    may_wait = [{}, {"unless": "rootfs_unpacked"}, {"unless": ["rootfs_unpacked"]}]
    waits = st.sampled_from(may_wait if has_tarball else may_wait[:1])
    if has_tarball:
        steps.append({"unpack-rootfs": disk.root})
    bootstrap = {**draw(_bootstraps(disk.root)), **may_wait[int(has_tarball)]}
    steps.append(bootstrap)
    for step in draw(st.lists(_steps(disk.root), max_size=5)):
        steps.append({**step, **draw(waits)})
    if has_tarball:
        steps.append({"cache-rootfs": disk.root, **draw(waits)})
    last: list[Step] = [{"fstab": disk.root}]
    if disk.efi:
        last.append({"grub": "uefi", "tag": disk.root, "efi": disk.efi, **draw(_MENUS)})
    elif steps[1]["mklabel"] == "msdos":
        last.append({"grub": "bios", "tag": disk.root, **draw(_MENUS)})
    chosen = draw(st.lists(st.sampled_from(last), unique_by=str, max_size=2))
    if not any("grub" in step for step in chosen):
        bootstrap["arch"] = draw(st.sampled_from(["amd64", "arm64", "riscv64"]))
    steps += chosen
    return _written(draw, steps)


def _written(draw: Callable[..., Any], steps: Sequence[Step]) -> str:
    lines = ["steps:"]
    for step in steps:
        comment = draw(st.sampled_from(["", "", "# a comment", "#", '# """ \\', "\n\n# another"]))
        width = draw(st.sampled_from([20, 1000]))
        keys = dict(draw(st.permutations(list(step.items()))))
        text = yaml.safe_dump([keys], sort_keys=False, width=width, allow_unicode=True)
        lines += [*comment.splitlines(), text.rstrip("\n")]
    return "\n".join([*lines, ""])


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
            word=draw(_WORD),
            number=draw(st.integers(0, 99)),
            mode=f"{draw(st.sampled_from([0o600, 0o644, 0o755, 0o1777, 0o2755])):o}",
            text=repr(f"true {draw(st.text(_LETTERS, max_size=20))}"),
        )
        steps.append(f"\n\n@step\ndef step_{number}() -> None:\n    {made}\n")
    return "".join(steps)
