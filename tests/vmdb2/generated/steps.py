"""The steps that make a system, and those that change it."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from vmdb2.generated.disks import Disk, Step
from vmdb2.generated.scripts import inside, outside
from vmdb2.generated.texts import WORDS, templates

_MODES = st.sampled_from([0o600, 0o640, 0o644, 0o755, 0o1777, 0o4755, 420, 644, 755, 0o444])
_PLACES = st.sampled_from(["/srv", "/srv/a", "/srv/a b", "/etc", "etc", "/boot", "/opt/{{ a }}"])
_PATHS = st.builds(lambda place, word: f"{place}/{word}", _PLACES, WORDS)
_MENUS = st.fixed_dictionaries(
    {},
    optional={
        "console": st.sampled_from(["serial", "serial", "vga"]),
        "quiet": st.booleans(),
        "timeout": st.integers(0, 9),
        "kernel-params": st.lists(
            st.sampled_from(["rw", "a=b c", "{{ a }}", "x={{ n }}"]), max_size=2
        ),
        "device": st.just("{{ output }}"),
    },
)


@st.composite
def bootstraps(draw: st.DrawFn, tag: str) -> Step:
    """A Debian."""
    words = st.lists(WORDS, max_size=2, unique=True)
    optional: dict[str, st.SearchStrategy[Any]] = {
        "components": st.sampled_from([["main"], ["main", "contrib"], ["main,contrib"], []]),
        "variant": st.sampled_from(["-", "minbase", "buildd", ""]),
        "keyring": st.just("key.gpg"),
        "install_keyring": st.booleans(),
        "exclude": words,
        "require_empty_target": st.booleans(),
        "tls_ca_certs": st.just(["ca.crt"]),
    }
    fixed: dict[str, st.SearchStrategy[Any]] = {
        "include": words.map(lambda some: [*some, "python3"]),
        draw(st.sampled_from(["debootstrap", "debootstrap", "qemu-debootstrap"])): st.sampled_from(
            ["bookworm", "trixie", "sid", "buster"]
        ),
        "target": st.just(tag),
        "mirror": st.sampled_from(
            ["http://mirror.example/debian", "http://{{ a }}.example/debian"]
        ),
    }
    found = draw(st.fixed_dictionaries(fixed, optional=optional))
    if "tls_ca_certs" in found:
        found["include"].append("ca-certificates")  # which vmdb2 needs for them
    if found.get("keyring") and "buster" not in found.values():
        found.pop("install_keyring", None)  # vmdb2 does it with apt-key, which is no more
    return found


def _some(optional: dict[str, Any], fixed: dict[str, Any]) -> st.SearchStrategy[Step]:
    strategies = {
        k: v if isinstance(v, st.SearchStrategy) else st.just(v) for k, v in fixed.items()
    }
    return st.fixed_dictionaries(strategies, optional=optional)


def steps(disk: Disk) -> st.SearchStrategy[Step]:
    """Any step that changes the system."""
    tag = st.sampled_from([disk.root, *disk.names])
    data = st.recursive(
        st.booleans() | st.integers(-9, 99) | templates(),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
        max_leaves=4,
    )
    owners = {"uid": st.integers(0, 9), "gid": st.integers(0, 9)}
    modes = {"perm": _MODES, **owners}
    flags = {"clean": st.booleans(), "recommends": st.booleans()}
    names = {"user": st.just("man"), "group": st.sampled_from(["adm", ""])}
    packages = st.lists(WORDS, min_size=1, max_size=3)
    script = inside()
    return st.one_of(
        _some(flags, {"apt": "install", "tag": tag, "packages": packages}),
        _some(flags | {"packages": packages}, {"apt": WORDS, "fs-tag": tag}),
        _some({}, {"chroot": tag, "shell": script}),
        _some({}, {"chroot": tag, "shell": script}),
        _some({}, {"shell": outside(), "root-fs": tag}),
        _some({}, {"shell": outside(), "root-fs": tag}),
        _some(modes, {"create-file": _PATHS, "contents": templates()}),
        _some(modes, {"create-file": "/etc/resolv.conf", "contents": templates()}),
        _some(modes, {"create-dir": _PATHS}),
        _some(modes, {"copy-file": _PATHS, "src": st.sampled_from(["file", "it's"])}),
        _some(
            {"umask": st.sampled_from([0o22, 0o77, 0]), "perm": _MODES, **owners, **names},
            {"copy-dir": _PATHS, "src": "tree"},
        ),
        _some(
            {
                "extra_vars": st.dictionaries(WORDS, data, max_size=2),
                "group": st.sampled_from(["image", "{{ a }}", ""]),
                "tags": st.sampled_from(["all", "one, two", ""]),
                "config_file": st.sampled_from(["ansible.cfg", ""]),
            },
            {"ansible": tag, "playbook": "play.yml"},
        ),
        _some({}, {"virtual-filesystems": tag}),
        _some({}, {"mount-virtual-filesystems": tag}),
        _some({"teardown": templates()}, {"echo": templates()}),
    )


@st.composite
def last(draw: st.DrawFn, disk: Disk) -> list[Step]:
    """What comes after all else: tables and boot loaders."""
    found: list[Step] = [{"fstab": disk.root}]
    if disk.can_grow:
        found.append({"resize-rootfs": disk.root})
    key = draw(st.sampled_from(["tag", "root-fs"]))
    old = {"root-part": disk.root} if draw(st.booleans()) else {}
    menu = {**draw(_MENUS), **old}
    loaders: list[Step] = []
    if disk.efi:
        efi = draw(st.sampled_from(["efi", "efi-part"]))
        loaders.append({"grub": "uefi", key: disk.root, efi: disk.efi, **menu})
    if disk.prep:
        loaders.append({"grub": "ieee1275", key: disk.root, "prep": disk.prep, **menu})
    if disk.table == "msdos" or any(step.get("flag") == "bios_grub" for step in disk.steps):
        loaders.append({"grub": "bios", key: disk.root, **menu})
    if loaders and not disk.has_volumes:
        found.append(draw(st.sampled_from(loaders)))
    return draw(
        st.lists(st.sampled_from(found), unique_by=lambda step: next(iter(step)), max_size=3)
    )
