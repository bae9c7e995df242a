"""Recipes with what vmdb2 has steps for, and with what it has none for."""

from __future__ import annotations

from hypothesis import strategies as st

from vmdb2.generated.texts import LETTERS, WORDS

#: Calls of every public function that does something to a system, and of the library's.
_CALLS = [
    'create_symlink(system(), "/srv/link", {text})',
    'create_symlink(system(), "/srv/{word}/link", "x", unless={fact})',
    'create_file(system(), "/srv/{word}", {text}, mode=0o{mode}, uid={number})',
    'create_file(system(), "/srv/{word}/{word}", {text}, uid="root", gid="adm")',
    'create_file(root(), "/etc/resolv.conf", {text})',
    'create_file(system(), "/srv/{word}", {text}, mode=0o{mode}, unless={fact})',
    'create_directory(system(), "/srv/{word}", mode=0o{mode})',
    'create_directory(system(), "/srv", mode=0o{mode}, gid="adm")',
    'create_directory(system(), "/srv/{word} {word}", uid={number}, unless={fact})',
    'copy_file(system(), "file", "/srv/{word}", mode=0o{mode})',
    'copy_file(system(), "it\'s", "/srv/{word}/x", uid="root", unless={fact})',
    'copy_tree(system(), "tree", "/srv/{word}", exclude=("{word}",))',
    'copy_tree(system(), "tree", "/srv/{word}", uid=None, gid="adm", umask=0o077)',
    'copy_tree(system(), "tree", "/srv/{word}", uid={number}, umask=0, unless={fact})',
    "chroot(system(), {text})",
    "chroot(system(), {text}, unless={fact})",
    "host_shell(system(), {text})",
    'host_shell(system(), {text}, inputs=("file",), unless={fact})',
    "host_shell(system(), {naming}, image=disk())",
    "host_shell(system(), {naming}, image=disk(), unless={fact})",
    "image_shell(disk(), {naming}, partitions=(spare(),))",
    "image_shell(disk(), {naming}, table=True)",
    "write_at(spare(), {data}, offset=KiB({number}))",
    "write_at(disk(), Path('file'), offset=KiB(512 + {number}))",
    'write_at(disk(), system_file(system(), "/srv/{word}"), offset=KiB(512) + sectors({number}))',
    'apt(system(), "{word}", recommends=False)',
    'apt(system(), "{word}", suite="sid", unless={fact})',
    'apt(system(), "{word}", debs=["a.deb"])',
    'apt(system(), "{word}:i386")',
    'apt_remove(system(), "{word}", purge=True)',
    'apt_remove(system(), "{word}", autoremove=True, unless={fact})',
    "apt_upgrade(system())",
    "apt_upgrade(system(), unless={fact})",
    (
        'apt_source(system(), Source(name="{word}", uris=["http://{word}.example/"], '
        'suites=["{word}"], keyring="key.gpg"))'
    ),
    (
        'apt_source(system(), Source(name="{word}", uris=["http://{word}.example/"], '
        'suites=["./"], trusted=True))'
    ),
    'preseed(system(), "{word} {word}/{word} string {word}")',
    'preseed(system(), "{word} {word}/{word} string it\'s", unless={fact})',
    'fstab(system(), extra=["tmpfs /tmp tmpfs size=1G 0 0"])',
    'fstab(system(), by="partuuid")',
    "grow_root(system())",
    'set_password(system(), "root", Secret.from_file("file"))',
    'ansible(system(), "play.yml", extra_vars={{"{word}": {text}, "x": [1, {{"a": True}}]}})',
    'ansible(system(), "play.yml", extra_vars={{"{word}": 1.5, "x": None}}, tags=("a", "b"))',
    'ansible(system(), "play.yml", group="{word}", skip_tags=("a",), config="ansible.cfg")',
    'apt(system(), "grub-pc"); grub_bios(system(), timeout={number})',
    (
        'apt(system(), "grub-pc"); grub_bios(system(), console="serial", parameters=("a=b",), '
        'default_parameters=("{word}",))'
    ),
    'apt(system(), "grub-efi-amd64"); grub_uefi(system(), esp(), quiet=True)',
    (
        'apt(system(), "grub2-common", "grub-efi-amd64-bin", "shim-signed", '
        '"grub-efi-amd64-signed"); '
        "grub_uefi(system(), esp(), secure_boot=True)"
    ),
    (
        'apt(system(), "grub-pc", "grub-efi-amd64-bin"); grub_bios(system()); '
        "grub_uefi(system(), esp())"
    ),
    "cache_rootfs(system(), 'rootfs.tar')",
    "cache_rootfs(system(), 'rootfs.tar', unless={fact})",
    'set_hostname(system(), "{word}", domain="example.org")',
    'set_hostname(system(), "{word}", hosts=False)',
    "use_dhcp(system())",
    *(
        f'{verb}_unit(system(), "{{word}}", "x@y.service")'
        for verb in ("enable", "disable", "mask")
    ),
    "remove_resolver(system())",
    "tidy(system(), docs=False, manuals=False, languages=False)",
    "forget_machine_id(system())",
    "forget_machine_id(system(), first_boot=True)",
    "open_root_console(system())",
    "lock_root(system())",
    "add_cloud_init(system(), sources=['NoCloud'])",
    "add_ssh_server(system(), passwords=True, root=True)",
    'add_user(system(), "{word}", sudo=True, groups=["adm"], shell="/bin/sh", uid=1000 + {number})',
    'add_user(system(), "{word}", ssh_keys="ssh-ed25519 " + "A" * 68)',
    'set_locale(system(), "de_DE.UTF-8")',
    'set_time_zone(system(), "Europe/Helsinki")',
    'set_keyboard(system(), "us,ru", variant="{word}")',
]
_NAMING = [
    *('dd of="$IMAGE"', 'dd of="${IMAGE}"', "dd of=''\"$IMAGE\"''", "dd of=$IMAGE", "write"),
    *("cat <<E | sh\ndd of=${IMAGE}1\nE", "cat <<'E' | sh\ndd of=$IMAGE\nE", "# $IMAGE isn't"),
    *("IMAGE=x", "export IMAGE", 'export IMAGE="$IMAGE"', "echo '$IMAGE'", 'echo "a"$IMAGE"b"'),
    *("{", "}", "echo {{x", "echo ${#x}", 'echo {"$IMAGE"}', 'sh -c "dd of=\\"$IMAGE\\""', "\\"),
]
_DISK = """\
from pathlib import Path
from typing import Any
from uuid import UUID

from vmdsl import *
from vmdsl_stdlib import *


@step
def disk() -> Disk:
    return mkimg(GiB(8))


@step
def table() -> {kind}:
    return mk{mk}(disk())


@step
def spare() -> Partition:
    return mkpart(table(), {place}, type={type})


@step
def esp_partition() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(64), type="esp"){vfat})


@step
def swap_table() -> Extended | Msdos | Gpt:
    return {swap_table}


@step
def swap() -> Swap:
    return mkswap(mkpart(swap_table(), size=MiB(64), type="swap"){swap})


@step
def root() -> Mounted[Any]:
    return mount({mkfs}({device}{root}), options={options})


@step
def esp() -> Mounted[Vfat]:
    return mount(esp_partition(), "{esp}", on=root(), options=("defaults",))


{unpacked}@step
def system() -> RootFs:
    return {system}


@step
def nothing() -> Fact:
    return path_exists(system(), "/srv/nothing")
"""
_UNPACKED = """\
@step
def unpacked() -> Fact:
    return unpack_rootfs(root(), "rootfs.tar")


"""
_MIRROR = 'mirror="http://mirror.example"'
_SYSTEMS = [
    f'debootstrap(root(), suite="trixie", {_MIRROR}, include=["python3", "grub-pc"])',
    (
        f'debootstrap(root(), suite="bookworm", {_MIRROR}, include=["python3"], variant="minbase", '
        'components=["main", "contrib"], exclude=["x"], keyring="key.gpg", format="deb822")'
    ),
    'debootstrap(root(), suite="trixie", include=["python3"], variant="standard")',
    (
        f'debootstrap(root(), suite="sid", {_MIRROR}, include=["python3"], sources=[Source('
        'name="a", uris=["http://a.example"], suites=["./"], trusted=True)], format="one-line")'
    ),
    "system_from(root(), 'rootfs.tar', suite='trixie')",
    'debian(root(), "grub-pc", "python3", suite="trixie")',
    'debian(root(), suite="trixie", arch=Arch.ARM64, mirror="http://mirror.example")',
]
_GPT_TYPES = ['"lvm"', '"raid"', '"u-boot-env"', '"luks"']
_LABELS = ["", "", ', label="one two"', ', label="it\'s"', ', label="é"', ", label='\"x\"'"]


@st.composite
def recipes(draw: st.DrawFn) -> str:
    """A recipe. Its mounts have the options of vmdb2, as others become scripts that stay such."""
    steps = [draw(_disks())]
    facts = ["nothing()", *(["unpacked()"] if "unpacked" in steps[0] else [])]
    for number, call in enumerate(draw(st.lists(st.sampled_from(_CALLS), max_size=4, unique=True))):
        made = call.format(
            word=draw(WORDS),
            number=draw(st.integers(0, 99)),
            mode=f"{draw(st.sampled_from([0o600, 0o644, 0o755, 0o1777, 0o2755])):o}",
            text=repr(f"true {draw(st.text(LETTERS, max_size=20))}"),
            naming=repr(
                "\n".join(draw(st.lists(st.sampled_from(_NAMING), min_size=1, max_size=3)))
            ),
            data=repr(draw(st.binary(min_size=1, max_size=99))),
            fact=draw(st.sampled_from(facts)),
        )
        steps.append(f"\n\n@step\ndef step_{number}() -> None:\n    {made}\n")
    return "".join(steps)


@st.composite
def _disks(draw: st.DrawFn) -> str:
    def one(*choices: str) -> str:
        return draw(st.sampled_from(choices))

    is_gpt = draw(st.booleans())
    extended = not is_gpt and draw(st.integers(0, 3)) == 0
    swap = one(
        "", ', label="S"', ', uuid="01234567-89ab-cdef-0123-456789abcdef", options=("-p", "4096")'
    )
    flags = (
        ["", ', flags=("legacy-boot", "no-automount")', ", flags=(50,)"]
        if is_gpt
        else ["", ', flags=("boot",)']
    )
    kind = one(*_GPT_TYPES, "UUID") if is_gpt else one("0x83", "0x0c", "0x1c", '"lvm"', "0xf0")
    if kind == "UUID":
        kind = 'UUID("ed09e570-a448-5eae-8a35-3b7317a07202")'
    label = one(*_LABELS) if is_gpt else ""
    place = one("size=MiB(99)", "start=sectors(64), size=MiB(9)", "start=MiB(3), end=Percent(9)")
    mkfs = one("mkext4", "mkext3", "mkxfs", "mkbtrfs", "mkf2fs")
    more = one("", ', label="R"', ', uuid="01234567-89ab-cdef-0123-456789abcdee"')
    if mkfs == "mkext4":
        more += one(
            "", ', features=("^has_journal",), reserved=1', ", block_size=1024, inodes=5000"
        )
    device = f"mkpart(table(){one(*flags)}{label})"
    volume = "mkluks({}, Secret.from_command('pass', 'x y'), name='c')"
    group = f"mklv(mkvg({{}}, name='vg'), name='v'{one('', ', size=Percent(70)')})"
    device = one("{}", "{}", "{}", "{}", volume, group, group.format(volume)).format(device)
    system = one(*_SYSTEMS)
    unpacks = "debootstrap(" in system and draw(st.integers(0, 3)) == 0
    if unpacks:
        system = system.removesuffix(")") + ", unless=unpacked())"
    return _DISK.format(
        kind="Gpt" if is_gpt else "Msdos",
        mk="gpt" if is_gpt else "msdos",
        place=place,
        type=kind,
        vfat=one("", ', uuid="1234-ABCD"', ', fat=32, cluster=512, label="ESP"'),
        swap_table="mkextended(table(), size=MiB(99))" if extended else "table()",
        swap=swap,
        mkfs=mkfs,
        device=device,
        root=more,
        options=one('("defaults",)', '("defaults",)', '("noatime", "discard")', "()"),
        esp=one("/boot/efi", "/boot/efi", "/efi"),
        unpacked=_UNPACKED if unpacks else "",
        system=system,
    )
