"""Plans as specifications for vmdb2: what is written, and what is refused by name."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest
import yaml

import vmdsl
from made_images import cloud_image
from vmdsl.errors import RecipeError
from vmdsl.language.effects import ImageOperation, TreeOperation
from vmdsl.language.handles import Filesystem
from vmdsl.language.operation import LayoutOperation, Operation
from vmdsl.plan.load import load
from vmdsl.plan.plan import Plan, make_plan
from vmdsl.plan.typecheck import Untyped
from vmdsl.vmdb2.marked_scripts import is_own
from vmdsl.vmdb2.to_yaml.write import IN_LAYOUT, IN_OTHERS, LOWERED, REFUSED, to_yaml

RECIPES = Path(vmdsl.__file__).parent.parent / "recipes"
HEAD = """
from pathlib import Path
from uuid import UUID
from vmdsl import *

@step
def disk() -> Disk:
    return mkimg(GiB(2))

@step
def table() -> {table}:
    return {make}(disk())

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4({partition}), options=("defaults",))
"""
SYSTEM = """
@step
def system() -> RootFs:
    return debootstrap(
        root(), suite="trixie", mirror="http://mirror.example/debian", format="one-line"
    )
"""

Export = Callable[..., str]


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Plan]:
    monkeypatch.setattr(sys, "path", list(sys.path))

    def made(
        body: str = "",
        *,
        gpt: bool = False,
        partition: str = "mkpart(table())",
        system: str = SYSTEM,
        head: str = HEAD,
    ) -> Plan:
        kinds = ("Gpt", "mkgpt") if gpt else ("Msdos", "mkmsdos")
        head = head.format(table=kinds[0], make=kinds[1], partition=partition)
        step = (
            f"\n@step\ndef more() -> None:\n{indent(dedent(body).strip(), '    ')}\n"
            if body
            else ""
        )
        path = tmp_path / "recipe.py"
        (tmp_path / "key").write_text("secret")
        path.write_text(head + system + step, encoding="utf-8")
        return make_plan(path, {}, cache=tmp_path, loaded=load(path), types=Untyped())

    return made


@pytest.fixture
def export(plan: Callable[..., Plan]) -> Export:
    """What is written for the recipe's last step."""

    def exported(body: str = "", **kind: Any) -> str:
        return to_yaml(plan(body, **kind))

    return exported


def steps_of(text: str) -> list[dict[str, Any]]:
    return yaml.safe_load(text)["steps"]  # type: ignore[no-any-return]


def added(text: str) -> list[dict[str, Any]]:
    """The steps behind the system, but for those that vmdsl needs not."""
    steps = steps_of(text)
    start = next(n for n, step in enumerate(steps) if "virtual-filesystems" in step)
    return [step for step in steps[start + 1 :] if not is_own(str(step.get("shell", "")))]


def test_architectures_are_added_as_vmdsl_does_by_itself(export: Export) -> None:
    steps = steps_of(export('apt(system(), "libc6:i386")'))
    (script,) = (s["shell"] for s in steps if "dpkg" in str(s.get("shell")))
    assert is_own(script)
    assert script.endswith("dpkg --add-architecture i386\n")


def test_a_command_line_that_is_long_is_several(export: Export) -> None:
    text = export(system=SYSTEM.replace(', mirror="http://mirror.example/debian"', ""))
    assert (
        text.partition("steps:")[0]
        == """\
# Written by vmdsl from recipe.py. In the directory of that file, as root:
#   vmdb2 recipe.vmdb --output=recipe.img \\
#     --variable=mirror=http://mirror.example/debian \\
#     --variable=security=http://mirror.example/debian-security
"""
    )


def test_a_small_image(export: Export) -> None:
    assert (
        export()
        == """\
# Written by vmdsl from recipe.py. In the directory of that file, as root:
#   vmdb2 recipe.vmdb --output=recipe.img
steps:
  - mkimg: "{{ output }}"
    size: 2G

  - mklabel: msdos
    device: "{{ output }}"

  - mkpart: primary
    device: "{{ output }}"
    start: 0%
    end: 100%
    tag: root

  - kpartx: "{{ output }}"

  - mkfs: ext4
    partition: root

  - mount: root

  - debootstrap: trixie
    target: root
    mirror: http://mirror.example/debian
    arch: amd64

  - virtual-filesystems: root

  - chroot: root
    shell: |
      # what vmdsl does by itself
      [ ! -s /etc/machine-id ] || : >/etc/machine-id
"""
    )


def test_the_boot_loader_takes_its_package_along(export: Export) -> None:
    text = export(
        """
        apt(system(), "linux-image-amd64")
        apt(system(), "grub-pc")
        grub_bios(system(), console="serial", timeout=5, quiet=True, default_parameters=("rw",))
        """
    )
    assert added(text) == [
        {"apt": "install", "packages": ["linux-image-amd64"], "tag": "root"},
        {
            "grub": "bios",
            "tag": "root",
            "console": "serial",
            "timeout": 5,
            "quiet": True,
            "kernel-params": ["rw"],
        },
    ]


def test_parameters_of_every_entry_are_a_file(export: Export) -> None:
    text = export(
        """
        apt(system(), "linux-image-amd64", "grub-pc")
        grub_bios(system(), parameters=("net.ifnames=0", "quiet"), timeout=0)
        """
    )
    assert added(text)[1:] == [
        {
            "create-file": "/etc/default/grub.d/60-parameters.cfg",
            "contents": 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX net.ifnames=0 quiet"\n\n',
        },
        {"grub": "bios", "tag": "root", "kernel-params": []},
    ]


def test_a_second_boot_loader_does_not_remove_the_first(export: Export) -> None:
    text = export(
        """
        apt(system(), "linux-image-amd64", "grub-pc", "grub-efi-amd64-bin")
        bios = mkpart(table(), size=MiB(1), type="bios-boot")
        esp = mount(mkvfat(mkpart(table(), size=MiB(64), type="esp")), "/boot/efi", on=root())
        grub_bios(system())
        grub_uefi(system(), esp)
        """,
        gpt=True,
    )
    assert [next(iter(step)) for step in added(text)] == ["apt", "grub", "chroot"]
    assert added(text)[2]["shell"] == (
        "# GRUB for UEFI on more_2\n"
        "grub-install --target=x86_64-efi --no-nvram --force-extra-removable "
        "--no-uefi-secure-boot --efi-directory=/boot/efi\n"
    )


def test_an_esp_at_another_place(export: Export) -> None:
    text = export(
        """
        apt(system(), "linux-image-amd64", "grub-efi-amd64")
        esp = mount(mkvfat(mkpart(table(), size=MiB(64), type="esp")), "/efi", on=root())
        grub_uefi(system(), esp, console="serial", parameters=("a=b",))
        """,
        gpt=True,
    )
    *_, grub = added(text)
    assert {key: grub[key] for key in ("grub", "efi", "console")} == {
        "grub": "uefi",
        "efi": "more",
        "console": "serial",
    }


PLACES = [
    ("", "0%", "100%"),
    ("size=MiB(300)", "0%", "301MiB"),
    ("start=MiB(16)", "16MiB", "100%"),
    ("start=sectors(64), end=sectors(600001)", "64s", "600000s"),
    ("start=sectors(2049), end=KiB(1025) + MiB(300)", "2049s", "616449s"),
    ("start=Percent(10), end=Percent(50)", "10%", "50%"),
    ("start=Percent(12.5), end=-MiB(100)", "256MiB", "-100MiB"),
    ("end=-sectors(33)", "1MiB", "4194270s"),
]


@pytest.mark.parametrize(("where", "start", "end"), PLACES)
def test_places_of_partitions(export: Export, where: str, start: str, end: str) -> None:
    text = export(gpt=True, partition=f"mkpart(table(), {where})")
    mkpart = steps_of(text)[2]
    assert (mkpart["start"], mkpart["end"]) == (start, end)


TYPES = [
    ('type="esp"', {"fs-type": "fat32"}, ["esp"], []),
    ('type="swap"', {"fs-type": "linux-swap"}, [], []),
    (
        'type="fat", flags=("no-automount", "required")',
        {"fs-type": "fat32"},
        ["no_automount", "hidden"],
        [],
    ),
    ('type="home"', {}, ["linux-home"], []),
    ('type=UUID("E3C9E316-0B5C-4DB8-817D-F92DF00215AE")', {}, ["msftres"], []),
    ('type=UUID("0FC63DAF-8483-4772-8E79-3D69D8477DE4")', {}, [], []),
    ('type="srv"', {}, [], ["--part-type 2 3B8F8425-20E0-4F3B-907F-1A25A76F98E8"]),
    ('label="EFI system"', {"mkpart": '"EFI system"'}, [], []),
    ("label='a\"b'", {"mkpart": "'a\"b'"}, [], []),
    ('label="größer"', {"mkpart": "primary"}, [], ["--part-label 2 'größer'"]),
    ('flags=("read-only", 50)', {}, [], ["--part-attrs 2 'GUID:60 GUID:50'"]),
]


@pytest.mark.parametrize(("kind", "words", "flags", "changes"), TYPES)
def test_types_and_names_on_a_gpt(
    export: Export, kind: str, words: dict[str, str], flags: list[str], changes: list[str]
) -> None:
    use = f"{'mkvfat' if 'esp' in kind else 'mkext4'}(mkpart(table(), size=MiB(64), {{}}))"
    text = export(use.format(kind), gpt=True, partition="mkpart(table(), size=GiB(1))")
    steps = steps_of(text)
    usual = {
        "mkpart": '""',
        "device": "{{ output }}",
        "start": "1025MiB",
        "end": "1089MiB",
        "tag": "more",
    }
    assert steps[3] == {**usual, **words}
    assert [step["flag"] for step in steps if "set_part_flag" in step] == flags
    shells = "".join(step.get("shell", "") for step in added(text))
    expected = [line.replace("2", '"{{ output }}" 2', 1) for line in changes]
    assert [line.removeprefix("sfdisk ") for line in shells.splitlines()[1:]] == expected


def test_types_on_an_mbr(export: Export) -> None:
    text = export(
        """
        mkvfat(mkpart(table(), size=MiB(64), type=0x1C))
        mkext4(mkpart(table(), size=MiB(64), type="home", flags=("boot",)))
        mkpart(table(), size=MiB(64), type=0xA8)
        """
    )
    parts = [step for step in steps_of(text) if "mkpart" in step]
    assert [part.get("fs-type") for part in parts] == [None, "fat32", None, None]
    assert [part["tag"] for part in parts] == ["root", "more", "more_2", "more_3"]
    flags = [(s["tag"], s["flag"]) for s in steps_of(text) if "set_part_flag" in s]
    assert flags == [("more", "hidden"), ("more_2", "boot")]
    assert added(text)[-1]["shell"] == 'sync\nsfdisk --part-type "{{ output }}" 4 a8\n'
    assert 'sfdisk --part-type "{{ output }}" 2 1c\n' in text


FILESYSTEMS = [
    ('mkext4(p, label="data", reserved=0, features=("^64bit", "quota"), inodes=1000)',
     {"label": "data", "options": "-O ^64bit,quota -m 0 -N 1000"}),
    ('mkext4(p, features=("^large_dir", "^metadata_csum_seed", "^orphan_file"))',
     {"target_old": True}),
    ('mkvfat(p, fat=32, cluster=4096, uuid="1234-abcd")', {"options": "-i 1234ABCD -F 32 -s 8"}),
    ('mkxfs(p, uuid="ed09e570-a448-5eae-8a35-3b7317a07202")',
     {"options": "-m uuid=ed09e570-a448-5eae-8a35-3b7317a07202"}),
    ('mkbtrfs(p, options=("--nodiscard",))', {"options": "--nodiscard"}),
    ('mkf2fs(p, uuid="ed09e570-a448-5eae-8a35-3b7317a07202")',
     {"options": "-U ed09e570-a448-5eae-8a35-3b7317a07202"}),
]  # fmt: skip


@pytest.mark.parametrize(("made", "keys"), FILESYSTEMS)
def test_filesystems(export: Export, made: str, keys: dict[str, Any]) -> None:
    text = export(f"p = mkpart(table(), size=MiB(400))\n{made}")
    mkfs = [step for step in steps_of(text) if "mkfs" in step][1]
    assert mkfs == {"mkfs": made[2:].partition("(")[0], "partition": "more", **keys}


def test_swap_is_a_script(export: Export) -> None:
    text = export(
        """
        mkswap(mkpart(table(), size=MiB(64), type="swap"), label="it's", options=("--lock=no",))
        fstab(system())
        """
    )
    fstab, swap = added(text)
    assert fstab == {"fstab": "root"}
    line = next(s["shell"] for s in steps_of(text) if "none swap sw 0 0" in s.get("shell", ""))
    uuid = line.partition("UUID=")[2].partition(" ")[0]
    assert swap["shell"] == (
        "# swap on more: --label 'it'\"'\"'s' --lock=no\n"
        "header=$(mktemp)\n"
        'truncate --size=67108864 "$header"\n'
        f"mkswap --label 'it'\"'\"'s' --lock=no --uuid {uuid} \"$header\"\n"
        'dd if="$header" of="{{ output }}" bs=512 seek=4063232 count=8 conv=notrunc\n'
        'rm "$header"\n'
    )


def test_mount_options(export: Export) -> None:
    text = export(
        """
        part = mkpart(table(), size=MiB(64))
        mount(mkvfat(part), "/srv/a b", on=root(), options=("noatime",))
        fstab(system(), extra=["tmpfs /scratch tmpfs size=1G 0 0"])
        """
    )
    mounts = [step for step in steps_of(text) if "mount" in step]
    assert mounts[1] == {"mount": "more", "dirname": "/srv/a b", "mount-on": "root"}
    _, changed, more = added(text)
    assert changed["shell"] == (
        "sed -i -e 's|^\\(UUID=[^ ]*\\) /srv/a b vfat .*|"
        "\\1 /srv/a\\\\040b vfat noatime 0 2|' \\\n    /etc/fstab\n"
    )
    assert more["shell"] == (
        "mkdir -p /scratch\ncat >>/etc/fstab <<'END'\ntmpfs /scratch tmpfs size=1G 0 0\nEND\n"
    )


def test_logical_partitions(export: Export) -> None:
    """Primary ones come first, as kpartx finds them; vmdb2 would set the flags of wrong ones."""
    text = export(
        """
        extended = mkextended(table(), size=MiB(500))
        mkswap(mkpart(extended, size=MiB(100), type="swap"))
        mkpart(extended, type="lvm", flags=("boot",))
        mkswap(mkpart(table(), type="raid"))
        """,
        partition="mkpart(table(), size=MiB(200))",
    )
    steps = [s for s in steps_of(text) if "mkpart" in s]
    assert [(s["mkpart"], s["start"], s["end"], s.get("fs-type")) for s in steps] == [
        ("primary", "0%", "201MiB", None),
        ("extended", "201MiB", "701MiB", ""),
        ("primary", "701MiB", "100%", None),
        ("logical", "202MiB", "302MiB", "linux-swap"),
        ("logical", "303MiB", "701MiB", None),
    ]
    assert [s["flag"] for s in steps_of(text) if "set_part_flag" in s] == ["raid"]
    (changes,) = [s["shell"] for s in steps_of(text) if "sfdisk" in s.get("shell", "")]
    assert 'parted -s "{{ output }}" set 6 boot on' in changes
    assert 'sfdisk --part-type "{{ output }}" 6 8e' in changes


def test_fstab_by_the_ids_of_partitions(export: Export, plan: Callable[..., Plan]) -> None:
    text = export('fstab(system(), by="partuuid")')
    layout = plan('fstab(system(), by="partuuid")').layout
    _, changed, table = added(text)
    assert f"|PARTUUID={layout.partitions[0].uuid} / ext4 defaults 0 1|" in changed["shell"]
    assert table["shell"] == f'sync\nsfdisk --disk-id "{{{{ output }}}}" {layout.label_id}\n'


def test_without_a_mirror_there_are_updates(export: Export) -> None:
    system = SYSTEM.replace(
        ', mirror="http://mirror.example/debian"', ', components=["main", "contrib"]'
    )
    text = export(system=system)
    assert "--variable=mirror=http://mirror.example/debian" in text
    assert "--variable=security=http://mirror.example/debian-security" in text
    steps = steps_of(text)
    bootstrap = next(step for step in steps if "debootstrap" in step)
    assert bootstrap["mirror"] == "{{ mirror }}"
    assert bootstrap["components"] == ["main", "contrib"]
    script = next(step for step in steps if "chroot" in step)["shell"]
    assert "deb {{ mirror }} trixie-updates main contrib\n" in script
    assert "deb {{ security }} trixie-security main contrib\n" in script


def test_archives_in_the_form_of_trixie(export: Export) -> None:
    text = export(
        system=SYSTEM.replace(', mirror="http://mirror.example/debian"', "").replace(
            "one-line", "deb822"
        )
    )
    archives, script = added(text)
    assert archives == {
        "create-file": "/etc/apt/sources.list.d/debian.sources",
        "contents": """\
Types: deb
URIs: {{ mirror }}
Suites: trixie trixie-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: {{ security }}
Suites: trixie-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

""",
    }
    assert script["shell"].splitlines() == [
        "rm -f /etc/apt/sources.list",
        "apt-get update",
        "DEBIAN_FRONTEND=noninteractive apt-get -y dist-upgrade",
    ]


def test_no_updates_of_a_suite_that_has_none(export: Export) -> None:
    text = export(system=SYSTEM.replace('"trixie", mirror="http://mirror.example/debian"', '"sid"'))
    assert "{{ mirror }}" in text
    assert "{{ security }}" not in text


def test_a_bootstrap_with_all_of_its_arguments(export: Export, tmp_path: Path) -> None:
    (tmp_path / "acme.asc").write_text("-----BEGIN PGP PUBLIC KEY BLOCK-----\n")
    (tmp_path / "ca.crt").write_text("")
    system = """
@step
def system() -> RootFs:
    uris = ["http://mirror.example/acme"]
    acme = Source(name="acme", uris=uris, suites=["bookworm"], keyring="acme.asc")
    return debootstrap(
        root(), suite="bookworm", arch=Arch.I386, mirror="http://mirror.example/debian",
        keyring="acme.asc", sources=[acme], tls_ca_certs=["ca.crt"], variant="minbase",
        include=["curl"], exclude=["nano"], proxy="http://proxy.example:3128",
    )
"""
    text = export(system=system)
    assert "http_proxy=http://proxy.example:3128" in text.partition("steps:")[0]
    steps = steps_of(text)
    start = next(n for n, step in enumerate(steps) if "debootstrap" in step)
    assert steps[start] == {
        "debootstrap": "bookworm",
        "target": "root",
        "mirror": "http://mirror.example/debian",
        "arch": "i386",
        "keyring": "acme.asc",
        "install_keyring": True,
        "variant": "minbase",
        "include": ["ca-certificates"],
        "exclude": ["nano"],
        "tls_ca_certs": ["ca.crt"],
    }
    source = steps_of(text)[start + 4]
    assert source["create-file"] == "/etc/apt/sources.list.d/acme.sources"
    assert "Signed-By: /etc/apt/keyrings/acme.asc\n" in source["contents"]
    assert added(text)[2] == {
        "apt": "install", "packages": ["curl"], "tag": "root", "recommends": False,
    }  # fmt: skip


def test_a_bootstrap_that_vmdb2_cannot_do_is_a_script(export: Export, tmp_path: Path) -> None:
    (tmp_path / "acme.asc").write_text("-----BEGIN PGP PUBLIC KEY BLOCK-----\n")
    (tmp_path / "ca.crt").write_text("")
    new = """check_valid_until=False, keyring="acme.asc", variant="minbase", include=["a", "b"],
        tls_ca_certs=["ca.crt"]"""
    system = SYSTEM.replace('mirror="http://mirror.example/debian"', new)
    steps = steps_of(export(system=system))
    start = next(n for n, step in enumerate(steps) if "shell" in step)
    assert steps[start] == {
        "root-fs": "root",
        "shell": "debootstrap --arch=amd64 --variant=minbase --components=main --keyring=acme.asc "
        "--include=a,b,ca-certificates trixie \"$ROOT\" '{{ mirror }}'\n"
        'mkdir -p "$ROOT/etc/apt/keyrings"\n'
        'cp acme.asc "$ROOT/etc/apt/keyrings/debian.asc"\n'
        "cat >\"$ROOT/etc/apt/sources.list\" <<'END'\n"
        "deb [signed-by=/etc/apt/keyrings/debian.asc check-valid-until=no] "
        "{{ mirror }} trixie main\n"
        "END\n"
        'cp ca.crt "$ROOT/usr/local/share/ca-certificates/"\n'
        'chroot "$ROOT" update-ca-certificates\n',
    }
    assert "virtual-filesystems" in steps[start + 1]


def test_a_playbook_that_vmdb2_cannot_play_is_a_script(export: Export, tmp_path: Path) -> None:
    (tmp_path / "play.yml").write_text("")
    text = export(
        """
        apt(system(), "python3")
        ansible(system(), "play.yml", skip_tags=("a", "b"), extra_vars={"x": None, "y": "it's {{"})
        """
    )
    assert added(text)[1]["shell"] == (
        "inventory=$(mktemp)\n"
        'printf \'[%s]\\n%s\\n\' image "$ROOT" >"$inventory"\n'
        'ANSIBLE_NOCOWS=1 ansible-playbook -c chroot -i "$inventory" \\\n'
        "    --tags all --skip-tags a,b --extra-vars "
        '\'{"x": null, "y": "it\'"\'"\'s {{ \'{{\' }}"}\' play.yml\n'
        'rm "$inventory"\n'
    )


def test_a_tarball(export: Export) -> None:
    system = """
@step
def unpacked() -> Fact:
    return unpack_rootfs(root(), "rootfs.tar.zst")

@step
def system() -> RootFs:
    return debootstrap(
        root(), suite="trixie", mirror="http://mirror.example/debian", format="one-line",
        unless=unpacked(),
    )
"""
    text = export(
        'apt(system(), "curl", unless=unpacked())\n'
        'cache_rootfs(system(), "rootfs.tar.zst", unless=unpacked())\n'
        'chroot(system(), "echo done")',
        system=system,
    )
    assert "--rootfs-tarball=rootfs.tar.zst" in text
    assert [step.get("unless") for step in added(text)] == ["rootfs_unpacked"] * 2 + [None]
    assert added(text)[1] == {"cache-rootfs": "root", "unless": "rootfs_unpacked"}


def test_a_system_from_a_tarball(export: Export, tmp_path: Path) -> None:
    system = """
@step
def system() -> RootFs:
    return system_from(root(), "base.tar", suite="trixie")
"""
    (tmp_path / "base.tar").write_text("")
    text = export(system=system)
    assert "--rootfs-tarball=base.tar" in text
    steps = steps_of(text)
    start = next(n for n, step in enumerate(steps) if "unpack-rootfs" in step)
    assert is_own(steps[start + 1]["shell"])
    assert 'cp /etc/resolv.conf "$ROOT/etc/resolv.conf"' in steps[start + 1]["shell"]
    assert added(text) == []


TREE: list[tuple[str, list[dict[str, Any]]]] = [
    ('apt(system(), "a", "b", recommends=False)',
     [{"apt": "install", "packages": ["a", "b"], "tag": "root", "recommends": False}]),
    ('apt(system(), "libc6:i386")',
     [{"apt": "install", "packages": ["libc6:i386"], "tag": "root"}]),
    ('apt(system(), "a", suite="trixie")',
     [{"chroot": "root", "shell": "apt-get update\n"
       "DEBIAN_FRONTEND=noninteractive apt-get -y install --target-release=trixie a\n"
       "apt-get clean\n"}]),
    ('apt_remove(system(), "a", purge=True, autoremove=True)',
     [{"chroot": "root",
       "shell": "DEBIAN_FRONTEND=noninteractive apt-get -y purge --auto-remove a"}]),
    ("apt_upgrade(system())",
     [{"chroot": "root", "shell": "apt-get update\n"
       "DEBIAN_FRONTEND=noninteractive apt-get -y dist-upgrade\n"}]),
    ('preseed(system(), "tzdata tzdata/Areas select Europe", "a b/c string it\'s")',
     [{"chroot": "root", "shell": "printf '%s\\n' \\\n    'tzdata tzdata/Areas select Europe' \\\n"
       "    'a b/c string it'\"'\"'s' |\n    debconf-set-selections\n"}]),
    ('create_file(system(), "/etc/motd", "Welcome.\\n")',
     [{"create-file": "/etc/motd", "contents": "Welcome.\n\n"}]),
    ('create_file(system(), "/root/key", "x", mode=0o4600, uid=7, gid="adm")',
     [{"create-file": "/root/key", "contents": "x", "perm": 0o4600, "uid": 7},
      {"chroot": "root", "shell": "chown 7:adm /root/key\nchmod 4600 /root/key\n"}]),
    ('create_directory(system(), "/srv/www", mode=0o700)',
     [{"create-dir": "/srv/www", "perm": 0o700}]),
    ('create_directory(system(), "/srv/www", mode=0o2775, gid="www-data")',
     [{"chroot": "root",
       "shell": "install --directory --mode=2775 --owner=0 --group=www-data /srv/www"}]),
    ('create_directory(system(), "/opt")',
     [{"chroot": "root", "shell": "install --directory --mode=0755 --owner=0 --group=0 /opt"}]),
    ('create_symlink(system(), "/etc/localtime", "../usr/share/zoneinfo/UTC")',
     [{"chroot": "root", "shell": "ln --symbolic --force --no-target-directory -- "
       "../usr/share/zoneinfo/UTC /etc/localtime"}]),
    ('chroot(system(), "echo {{ ${#a} }}")',
     [{"chroot": "root", "shell": "echo {{ '{{' }} ${{ '{#' }}a} }}"}]),
    ('host_shell(system(), "echo $ROOT\\n", inputs=())',
     [{"shell": "echo $ROOT\n\n", "root-fs": "root"}]),
    ('host_shell(system(), \'dd of="$IMAGE"; echo "${IMAGE}"\', image=disk())',
     [{"shell": 'dd of={{ output }}; echo "{{ output }}"', "root-fs": "root"}]),
    ('image_shell(disk(), "python3 write.py $IMAGE")',
     [{"shell": 'export IMAGE="{{ output }}"\npython3 write.py $IMAGE\n', "root-fs": "root"}]),
    ('write_at(disk(), b"\\x7fELF", offset=sectors(64))',
     [{"shell": "base64 --decode <<'END' |\nf0VMRg==\nEND\n"
       '    dd of="{{ output }}" bs=512 seek=64 conv=notrunc\n', "root-fs": "root"}]),
    ('write_at(disk(), system_file(system(), "/boot/x y"), offset=Size(1234))',
     [{"shell": "chroot \"$ROOT\" cat '/boot/x y' |\n"
       '    dd of="{{ output }}" oflag=seek_bytes seek=1234 conv=notrunc\n', "root-fs": "root"}]),
    ("grow_root(system())", [{"resize-rootfs": "root"}]),
    ('create_file(system(), "/a", "b", unless=path_exists(system(), "/c d"))',
     [{"chroot": "root", "shell": "if [ -e '/c d' ] || [ -L '/c d' ]; then "
       "touch /run/vmdsl-fact-1; fi"},
      {"chroot": "root", "shell": "[ ! -e /run/vmdsl-fact-1 ] || exit 0\nmkdir -p /\n"
       "printf %s b >/a\nchown 0:0 /a\nchmod 0644 /a\n"}]),
    ('host_shell(system(), "x", unless=path_exists(system(), "/c"))',
     [{"chroot": "root", "shell": "if [ -e /c ] || [ -L /c ]; then touch /run/vmdsl-fact-1; fi"},
      {"shell": '[ ! -e "$ROOT"/run/vmdsl-fact-1 ] || exit 0\nx\n', "root-fs": "root"}]),
]  # fmt: skip


@pytest.mark.parametrize(("call", "steps"), TREE, ids=[call for call, _ in TREE])
def test_operations(export: Export, call: str, steps: list[dict[str, Any]]) -> None:
    assert added(export(call)) == steps


def test_local_files(export: Export, tmp_path: Path) -> None:
    (tmp_path / "run.sh").write_text("")
    (tmp_path / "run.sh").chmod(0o775)
    (tmp_path / "www/www").mkdir(parents=True)
    (tmp_path / "plain").mkdir()
    (tmp_path / "a.deb").write_bytes(b"!<arch>\ndebian-binary")
    (tmp_path / "play.yml").write_text("")
    text = export(
        """
        copy_file(system(), "run.sh", "/usr/local/bin/run")
        copy_tree(system(), "plain", "/srv/plain", uid="www-data", gid=5, umask=0)
        copy_tree(system(), "www", "/srv/www")
        apt(system(), "python3", debs=["a.deb"])
        ansible(system(), "play.yml", group="g", tags=("a", "b"), extra_vars={"x": ["y\\n", 1]})
        """
    )
    copy, plain, www, debs, play = added(text)
    assert copy == {"copy-file": "/usr/local/bin/run", "src": "run.sh", "perm": 0o755}
    assert plain == {
        "copy-dir": "/srv/plain", "src": "plain", "umask": 0, "user": "www-data", "gid": 5,
    }  # fmt: skip
    assert "tar --create --directory=www" in www["shell"]
    assert "--mode=g-w,o-w" in www["shell"]
    assert 'cp a.deb "$ROOT/tmp/vmdsl-packages/"' in debs["shell"]
    assert play == {
        "ansible": "root",
        "playbook": "play.yml",
        "group": "g",
        "tags": "a,b",
        "extra_vars": {"x": ["y\n\n", 1]},
    }


def test_directories_that_may_be_missing_are_made(export: Export) -> None:
    text = export('create_file(system(), "/etc/a/b", "")\ncreate_file(system(), "/etc/a/c", "")')
    own = [s["shell"].splitlines()[1] for s in steps_of(text) if is_own(str(s.get("shell")))]
    assert own[:1] == ["mkdir -p /etc/a"]
    assert len(own) == 2


def test_the_resolver_is_kept_where_the_recipe_makes_one(export: Export) -> None:
    text = export('create_file(system(), "/etc/resolv.conf", "nameserver 192.0.2.1\\n")')
    assert {"mount": "root", "keep_resolvconf": True} in steps_of(text)
    scripts = [str(step.get("shell", "")) for step in steps_of(text)]
    lent, taken = (next(n for n, s in enumerate(scripts) if word in s) for word in ("cmp", "sed"))
    made = next(n for n, step in enumerate(steps_of(text)) if "create-file" in step)
    assert lent < made < taken
    removed = export(
        'apt(system(), "systemd-resolved")\nchroot(system(), "rm -f /etc/resolv.conf")'
    )
    assert {"mount": "root"} in steps_of(removed)


def test_volumes(export: Export) -> None:
    text = export(
        """
        partition = mkpart(table(), size=MiB(400), type="luks")
        locked = mkluks(partition, Secret.from_file("key"), name="locked")
        group = mkvg(locked, name="group")
        rest = mklv(group, name="rest")
        first = mklv(group, size=MiB(100), name="first")
        mount(mkext4(rest), "/rest", on=root())
        mount(mkext4(first), "/first", on=root())
        """
    )
    steps = steps_of(text)
    kpartx = next(n for n, step in enumerate(steps) if "kpartx" in step)
    assert steps[kpartx + 1 : kpartx + 9] == [
        {"cryptsetup": "more", "name": "locked", "key-file": "key"},
        {"vgcreate": "group", "physical": ["locked"]},
        {"lvcreate": "group", "name": "first", "size": "100M"},
        {"lvcreate": "group", "name": "rest", "size": "fill"},
        {"mkfs": "ext4", "partition": "root"},
        {"mkfs": "ext4", "partition": "rest"},
        {"mkfs": "ext4", "partition": "first"},
        {"mount": "root"},
    ]


def test_shares_of_volume_groups(export: Export) -> None:
    """vmdb2 gives lvcreate a size. No step sets the type of LVM: it follows from the group here."""
    text = export(
        """
        group = mkvg(mkpart(table(), size=MiB(401)), name="group")
        mount(mkext4(mklv(group, size=Percent(30), name="part")), "/part", on=root())
        """
    )
    steps = steps_of(text)
    assert {"lvcreate": "group", "name": "part", "size": "120M"} in steps
    assert not any("set_part_flag" in step for step in steps)


REFUSALS = [
    (
        'mkext4(mklv(mkvg(mkpart(table(), size=MiB(99)), extent=MiB(1)), name="v"))',
        "for extents of 1 MiB",
    ),
    ('set_password(system(), "ann", Secret.from_file("key"))', "for the secret of the file key"),
    ('create_file(system(), "/a", Secret.from_environment("X"))', "the variable X"),
    ('chroot(system(), "a", secrets={"A": Secret.from_file("key")})', "the file key"),
    ('mkext4(mkpart(table(), size=MiB(9)), options=("-E", "a b"))', "with a space: -E 'a b'"),
    (
        'mount(subvolume(mkbtrfs(mkpart(table(), size=MiB(200))), "a/b"), "/srv", on=root())',
        "for a subvolume of Btrfs, such as /a/b",
    ),
    ('image_shell(disk(), "x", partitions=(root().filesystem.device,))', "it is mounted all the"),
]


@pytest.mark.parametrize(("call", "what"), REFUSALS)
def test_what_vmdb2_cannot_do_is_refused_by_name(export: Export, call: str, what: str) -> None:
    with pytest.raises(RecipeError) as caught:
        export(call)
    (problem,) = caught.value.problems
    assert "vmdb2 has no step" in problem.what
    assert what in problem.what
    assert problem.step == "more"
    assert problem.where


def test_all_refusals_come_at_once(export: Export) -> None:
    with pytest.raises(RecipeError) as caught:
        export("".join(f"{call}\n" for call, _ in REFUSALS))
    assert len(caught.value.problems) == len(REFUSALS)


def test_an_operation_of_somebody_else_is_refused(plan: Callable[..., Plan]) -> None:
    @dataclass(frozen=True, kw_only=True, eq=False)
    class Bells(TreeOperation):
        def apply(self, tree: object) -> None:
            """Ring them."""

    found = plan()
    maker = found.tree_operations[0]
    bells = Bells(_origin=maker.origin, root=None)
    with pytest.raises(RecipeError, match="vmdb2 has no step to do what Bells does"):
        to_yaml(Plan(**{**vars(found), "operations": (*found.operations, bells)}))


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.py")), ids=lambda path: path.stem)
def test_recipes(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    plan = make_plan(path, {}, cache=tmp_path, loaded=load(path), types=Untyped())
    if path.stem == "ci_worker":
        with pytest.raises(RecipeError, match="for an image that is as large as its content"):
            to_yaml(plan)
        return
    assert to_yaml(plan) == to_yaml(plan)
    assert steps_of(to_yaml(plan))


def kinds(base: type[Operation]) -> Iterator[type[Operation]]:
    for kind in base.__subclasses__():
        if kind.__module__.startswith("vmdsl."):
            yield kind
        yield from kinds(kind)


def test_every_kind_of_operation_has_its_place() -> None:
    """A new one belongs into one of the tables of write_yaml."""
    abstract = {"RootMaker", "SystemSource", "Table", "BootLoader", "BootMenu", "GrubPart"}
    abstract |= {"UBootMenu"}
    bases = (LayoutOperation, TreeOperation, ImageOperation)
    found = {kind for base in bases for kind in kinds(base) if kind.__name__ not in abstract}
    known = {kind for kind in found if not issubclass(kind, Filesystem)}
    placed = [*LOWERED, *IN_OTHERS, *IN_LAYOUT, *REFUSED]
    assert known == set(placed)
    assert len(placed) == len(set(placed))


#: What each operation says beyond its root and its condition: all of this is written, or refused.
WRITTEN = {
    "Ansible": "playbook group tags skip_tags extra_vars secrets config files",
    "Apt": "packages debs suite recommends",
    "AptRemove": "packages purge autoremove",
    "AptSource": "source",
    "AptUpgrade": "",
    "CacheRootfs": "tarball",
    "Chroot": "script secrets",
    "CopyFile": "source path mode uid gid",
    "CopyTree": "source path umask uid gid exclude parents follow",
    "CreateDirectory": "path mode uid gid",
    "CreateFile": "path content mode uid gid",
    "CreateSymlink": "path target",
    "Debootstrap": "suite arch mirror keyring install_keyring check_valid_until components sources "
    "format tls_ca_certs proxy credentials variant include exclude",
    "Extlinux": "console timeout parameters default_parameters quiet",
    "FlashKernel": "console timeout parameters default_parameters quiet machine",
    "Fstab": "by extra",
    "GrowRoot": "",
    "GrubBios": "",
    "GrubIeee1275": "",
    "GrubUefi": "esp secure_boot",
    "HostShell": "script secrets inputs image",
    "ImageShell": "disk script partitions table",
    "PathExists": "path fact",
    "Preseed": "answers",
    "SystemFrom": "suite arch tarball",
    "UnpackRootfs": "tarball fact",
    "WriteAt": "place content offset",
}


def test_every_field_of_an_operation_is_known() -> None:
    """A new one must be written, or refused."""
    common = {"_origin", "root", "unless"}
    found = {
        kind.__name__: [f.name for f in fields(kind) if f.name not in common] for kind in LOWERED
    }
    assert found == {name: words.split() for name, words in WRITTEN.items()}


def test_large_sectors(plan: Callable[..., Plan]) -> None:
    disk = HEAD.replace("GiB(2)", "GiB(2), sector=4096")
    with pytest.raises(RecipeError, match="vmdb2 has no step for sectors of 4096 bytes"):
        to_yaml(plan(head=disk))


def test_an_image_that_starts_from_another(tmp_path: Path) -> None:
    (tmp_path / "cloud.raw").write_bytes(cloud_image())
    recipe = tmp_path / "cloud.py"
    recipe.write_text(
        "from vmdsl import *\n\n\n@step\ndef disk() -> Disk:\n"
        '    return mkimg(from_image="cloud.raw")\n',
        encoding="utf-8",
    )
    plan = make_plan(recipe, {}, cache=tmp_path, loaded=load(recipe), types=Untyped())
    with pytest.raises(RecipeError, match="for an image that starts from one that is there"):
        to_yaml(plan)
