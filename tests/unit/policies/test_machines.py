"""The size of an image, the firmware of machines, and their identity."""

from collections.abc import Callable

import pytest

from vmdsl import GiB, MiB
from vmdsl.plan.plan import Plan
from vmdsl.policies import both_firmwares, image_fits, own_identity
from vmdsl.values import Size

SECOND = """
@step
def esp() -> Mounted[Vfat]:
    return mount(mkvfat(mkpart(table(), type="esp", size=MiB(64))), "/boot/efi", on=root())

@step
def embed() -> Partition:
    return mkpart(table(), type="bios-boot", size=MiB(1))

"""


@pytest.mark.parametrize(("size", "fits"), [(GiB(4), True), (GiB(4) - MiB(1), False)])
def test_size(size: Size, fits: bool, calling: Callable[..., Plan]) -> None:  # noqa: FBT001 (a case)
    made = calling("apt(system(), 'vim')")
    found = list(image_fits(made, size=size))
    assert [one.at for one in found] == [] if fits else [made.layout.disk]


def test_an_image_that_grows_may_not_fit(plan: Callable[[str], Plan]) -> None:
    made = plan("")
    text = made.recipe.read_text().replace("mkimg(GiB(4))", "mkimg(free=MiB(100))")
    header, _, _ = text.partition("from vmdsl import")
    assert header == ""
    made.recipe.write_text(text)
    from plans import plan_of  # noqa: PLC0415 (only here)

    (found,) = image_fits(plan_of(made.recipe), size=GiB(4))
    assert "may be more than 4 GiB" in found.what


@pytest.mark.parametrize(
    ("calls", "missing"),
    [
        (["grub_bios(system())", "grub_uefi(system(), esp())"], []),
        (["grub_bios(system())"], ["UEFI"]),
        (["grub_uefi(system(), esp())"], ["a BIOS"]),
        (["fstab(system())"], ["UEFI", "a BIOS"]),
    ],
)
def test_firmware(calls: list[str], missing: list[str], plan: Callable[[str], Plan]) -> None:
    made = plan(
        f"{SECOND}@step\ndef more() -> None:\n" + "".join(f"    {call}\n" for call in calls)
    )
    assert [one.what.split(None, 6)[-1] for one in both_firmwares(made)] == missing


def test_architectures_with_one_firmware(plan: Callable[[str], Plan]) -> None:
    arm = SECOND + '@step\ndef arm() -> RootFs:\n    return debootstrap(root(), suite="trixie", '
    made = plan(
        f"{arm}arch=Arch.ARM64)\n\n@step\ndef more() -> None:\n    grub_uefi(arm(), esp())\n"
    )
    assert list(both_firmwares(made)) == []


@pytest.mark.parametrize(
    "calls",
    [
        ["add_ssh_server(system())"],
        ['apt(system(), "openssh-server")', "tidy(system())"],
        ["forget_machine_id(system())"],
        ['create_file(system(), "/etc/machine-id", "uninitialized\\n")'],
        ['create_file(system(), "/etc/systemd/system/a.service", "ExecStart=ssh-keygen -A\\n")'],
        ['apt(system(), "openssh-client")'],
    ],
)
def test_own_identity(calls: list[str], calling: Callable[..., Plan]) -> None:
    assert list(own_identity(calling(*calls))) == []


@pytest.mark.parametrize(
    ("calls", "what"),
    [
        (['apt(system(), "openssh-server")'], "made in the build"),
        (["add_ssh_server(system())", "chroot(system(), 'ssh-keygen -A')"], "made in the build"),
        ([f'create_file(system(), "/etc/machine-id", "{"a" * 32}\\n")'], "the same machine-id"),
        (
            ['create_file(system(), "/etc/ssh/ssh_host_rsa_key", Secret.from_file("key"))'],
            "the same host key of SSH: /etc/ssh/ssh_host_rsa_key",
        ),
    ],
)
def test_same_identity(calls: list[str], what: str, calling: Callable[..., Plan]) -> None:
    (found,) = own_identity(calling(*calls))
    assert what in found.what


def test_keys_that_are_perhaps_removed(calling: Callable[..., Plan]) -> None:
    made = calling(
        'fact = path_exists(system(), "/x")',
        'apt(system(), "openssh-server")',
        'chroot(system(), "rm -f /etc/ssh/ssh_host_*", unless=fact)',
    )
    assert len(list(own_identity(made))) == 1
