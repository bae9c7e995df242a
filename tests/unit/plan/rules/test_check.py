"""The checks of a whole plan that the recipes of tests/typing/wrong don't show."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from vmdsl import programs, values
from vmdsl.errors import Advice, Problem
from vmdsl.machines import Arch
from vmdsl.plan.evaluate import evaluate
from vmdsl.plan.lay_out import lay_out
from vmdsl.plan.load import load
from vmdsl.plan.rules.check import check, check_layout

Write = Callable[[str], Path]

SYSTEM = """
@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Msdos:
    return mkmsdos(disk())


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def system() -> RootFs:
    return debootstrap(root(), {arguments})


@step
def more() -> None:
    {more}
"""


@pytest.fixture(autouse=True)
def any_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "find", lambda program: f"/usr/bin/{program}")


def found(path: Path, *, complete: bool = True) -> list[Problem]:
    result = evaluate(load(path), {})
    assert result.problems == ()
    return check(result.operations, path, complete=complete)


def told(path: Path, *, complete: bool = True) -> list[str]:
    """The mistakes, without warnings."""
    return [p.what for p in found(path, complete=complete) if not isinstance(p, Advice)]


def about(write: Write, more: str = "pass", arguments: str = 'suite="trixie"') -> list[str]:
    return told(write(SYSTEM.format(more=more, arguments=arguments)))


def warned(write: Write, more: str) -> list[str]:
    path = write(SYSTEM.format(more=more, arguments='suite="trixie"'))
    return [p.what for p in found(path) if isinstance(p, Advice)]


@pytest.mark.parametrize(
    "suite",
    ["trixie", "stable", "sid", "unstable"],
)
def test_suites_of_debian(write: Write, suite: str) -> None:
    assert about(write, arguments=f'suite="{suite}"') == []


@pytest.mark.parametrize(
    ("suite", "release"),
    [
        ("trixie-backports", "trixie"),
        ("bookworm-security", "bookworm"),
        ("stable-updates", "stable"),
        ("rc-buggy", "sid"),
        ("experimental", "sid"),
    ],
)
def test_suites_that_are_no_whole_systems(write: Write, suite: str, release: str) -> None:
    (problem,) = found(write(SYSTEM.format(more="pass", arguments=f'suite="{suite}"')))
    assert problem.what == f"{suite} has only some packages, and no whole system"
    assert problem.hint.startswith(f'write suite="{release}";')
    mirror = 'mirror="http://mirror.example/debian"'
    more = 'sources=[Source(name="main", uris=["http://mirror.example/"], suites=["trixie"])]'
    assert about(write, arguments=f'suite="{suite}", {mirror}') == []
    assert about(write, arguments=f'suite="{suite}", {more}') == []


def test_suite_of_another_archive(write: Write) -> None:
    assert about(write, arguments='suite="noble"') == ["Debian has no suite noble"]
    assert about(write, arguments='suite="noble", mirror="http://mirror.example/debian"') == []


def test_suites_are_known_without_debians_table(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recipe means the same on each machine."""

    def missing() -> None:
        raise FileNotFoundError

    monkeypatch.setattr(values, "DebianDistroInfo", missing)
    values.debian_suites.cache_clear()
    try:
        assert about(write, arguments='suite="trixi"') == ["Debian has no suite trixi"]
        assert about(write, arguments='suite="stable"') == []
        assert about(write, arguments='suite="bookworm", arch=Arch.I386') == []
        assert len(about(write, arguments='suite="trixie", arch=Arch.I386')) == 1
    finally:
        values.debian_suites.cache_clear()


@pytest.mark.parametrize("arch", list(Arch))
def test_every_architecture_can_be_planned(write: Write, arch: Arch) -> None:
    suite = "bookworm" if arch == Arch.I386 else "trixie"
    assert about(write, arguments=f'suite="{suite}", arch=Arch.{arch.name}') == []


def test_kernel_of_an_architecture_is_named(write: Write) -> None:
    path = write(
        SYSTEM.format(
            more='apt(system(), "grub-efi-arm"); grub_uefi(system(), mount(mkvfat(mkpart(table(), '
            'size=MiB(64), type="esp")), "/boot/efi", on=root()))',
            arguments='suite="trixie", arch=Arch.ARMHF',
        )
    )
    result = evaluate(load(path), {})
    (hint,) = [p.hint for p in check(result.operations, path) if not isinstance(p, Advice)]
    assert hint == 'add it to the packages, as in apt(system(), "linux-image-armmp")'


def test_grub_is_for_pcs(write: Write) -> None:
    assert about(
        write,
        'apt(system(), "linux-image-arm64", "grub-pc"); grub_bios(system())',
        'suite="trixie", arch=Arch.ARM64',
    ) == ["GRUB for BIOS is not available for arm64"]


KERNEL = "no step above installs a kernel"
NO_DEB = "there is no file no.deb"
GRUB = "no step above installs grub-pc, which GRUB for BIOS needs"


@pytest.mark.parametrize(
    ("more", "arguments", "what"),
    [
        ("grub_bios(system())", "", [KERNEL, GRUB]),
        ('apt(system(), "linux-image-amd64", "grub-pc"); grub_bios(system())', "", []),
        ('apt(system(), "linux-image-amd64/trixie", "grub-pc=2.12"); grub_bios(system())', "", []),
        ("grub_bios(system())", 'include=["linux-image-amd64", "grub2"]', []),
        ('apt(system(), "grub-pc"); grub_bios(system())', "", [KERNEL]),
        ('apt(system(), "acme-kernel", "grub-pc"); grub_bios(system())', "", [KERNEL]),
        ('apt(system(), "grub-pc"); grub_bios(system())', 'mirror="http://m.example"', []),
        (
            (
                'apt_source(system(), Source(name="a", uris=["http://a.example"], suites=["x"]));'
                'apt(system(), "acme-kernel", "grub-pc"); grub_bios(system())'
            ),
            "",
            [],
        ),
        ('apt(system(), "grub-pc", debs=["no.deb"]); grub_bios(system())', "", [NO_DEB]),
        (
            'apt(system(), "linux-image-amd64", debs=["grub-pc_2.deb"]); grub_bios(system())',
            "",
            ["there is no file grub-pc_2.deb"],
        ),
        (
            (
                'apt(system(), "linux-image-amd64", "grub-pc:amd64");'
                'apt_remove(system(), "linux-image-amd64"); grub_bios(system())'
            ),
            "",
            [],
        ),
        (
            (
                'apt(system(), "linux-image-amd64", "grub-pc"); apt_remove(system(), "grub-pc");'
                "grub_bios(system())"
            ),
            "",
            [GRUB],
        ),
        ('preseed(system(), "a a/b string c"); grub_bios(system())', "", [KERNEL, GRUB]),
        (
            'create_file(system(), "/etc/apt/x", ""); grub_bios(system())',
            'include=["grub-pc"]',
            [],
        ),
        ('chroot(system(), "dpkg -i /root/*.deb"); grub_bios(system())', "", []),
        ("host_shell(system(), 'true'); grub_bios(system())", "", []),
        (
            'apt(system(), "linux-image-amd64"); grub_bios(system()); apt(system(), "grub-pc")',
            "",
            [GRUB],
        ),
    ],
)
def test_what_boots_is_installed_before(
    write: Write, more: str, arguments: str, what: list[str]
) -> None:
    assert about(write, more, f'suite="trixie", {arguments}') == what


def test_unfinished_plan_lacks_nothing(write: Write) -> None:
    """Where a step failed, what is missing may be its work."""
    path = write(SYSTEM.format(more="mkpart(table()); grub_bios(system())", arguments='suite="x"'))
    assert "this partition is never used" in told(path)
    assert told(path, complete=False) == ["Debian has no suite x"]


@pytest.mark.parametrize(
    ("first", "problems"),
    [
        ("pass", []),
        (
            'write_at(disk(), b"1", offset=Size(8))',
            ["the bytes of GRUB's boot code are where the bytes that it writes, recipe.py:25 is"],
        ),
    ],
)
def test_boot_code_has_room(write: Write, first: str, problems: list[str]) -> None:
    """Whatever writes it: what is in the way is found before the build."""
    path = write(SYSTEM.format(more=f"{first}; grub_bios(system())", arguments='suite="trixie"'))
    operations = evaluate(load(path), {}).operations
    layout, _ = lay_out(operations, recipe="r", seed="")
    assert layout is not None
    told = [p.what.replace(f"{path.parent}/", "") for p in check_layout(operations, layout)]
    assert [what.partition(": bytes")[0] for what in told] == problems


def test_local_files(write: Write, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files/motd").write_text("Hello", encoding="utf-8")
    assert about(write, 'copy_file(system(), "files/motd", "/etc/motd")') == []
    assert about(write, 'copy_file(system(), "files", "/etc/motd")') == [
        "files is a directory, not a file"
    ]
    assert about(write, 'copy_file(system(), "nowhere/motd", "/etc/motd")') == [
        "there is no file nowhere/motd"
    ]
    assert about(write, f'copy_file(system(), "{tmp_path}/files/motd", "/etc/motd")') == []


def test_a_local_file_that_cannot_be_read(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root can read all."""
    (tmp_path / "motd").write_text("Hello", encoding="utf-8")
    known = os.access
    monkeypatch.setattr(
        os, "access", lambda path, how: Path(path).name != "motd" and known(path, how)
    )
    assert about(write, 'copy_file(system(), "motd", "/etc/motd")') == ["motd cannot be read"]


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ("mkext4(Partition(table=table(), type='linux'))", "Partition"),
        ("mount(Ext4(device=mkpart(table())), '/srv', on=root())", "Ext4"),
        ("mount(mkext4(mkpart(Msdos(disk=disk()))), '/srv', on=root())", "Msdos"),
    ],
)
def test_handles_made_by_hand(write: Write, more: str, kind: str) -> None:
    assert about(write, more) == [f"{kind}() makes a handle that the plan knows nothing of"]


@pytest.mark.parametrize(
    "more",
    [
        "fstab(system())",
        'create_file(system(), "/etc/fstab", "")',
        'copy_file(root(), "fstab", "/etc/fstab")',
        'copy_tree(system(), ".", "/etc")',
        'create_symlink(system(), "/etc/fstab", "/usr/lib/fstab")',
        'chroot(system(), "echo >/etc/fstab")',
        'host_shell(system(), "./configure")',
        'ansible(system(), "fstab")',
        'apt(system(), "linux-image-amd64", "grub-pc"); grub_bios(system(), parameters=["rw"])',
    ],
)
def test_a_step_may_write_fstab(write: Write, more: str, tmp_path: Path) -> None:
    (tmp_path / "fstab").write_text("")
    more = f'apt(system(), "python3", "linux-image-amd64", "grub-pc"); {more}'
    more += "" if "grub_bios" in more else "; grub_bios(system())"
    assert warned(write, more) == []


@pytest.mark.parametrize(
    "more",
    [
        'create_file(system(), "/etc/fstab.d/x", "")',
        'copy_tree(system(), ".", "/srv")',
        'chroot(system(), "true")',
    ],
)
def test_no_step_writes_fstab(write: Write, more: str, tmp_path: Path) -> None:
    (tmp_path / "fstab").write_text("")
    more += '; apt(system(), "linux-image-amd64", "grub-pc"); grub_bios(system())'
    (what,) = warned(write, more)
    assert what == "no step writes /etc/fstab, so the root filesystem stays read-only"
