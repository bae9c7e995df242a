"""What programs cannot do while an image is built, and what to do instead."""

import pytest

from vmdsl.builder.tree.remedies import remedy


@pytest.mark.parametrize(
    ("printed", "says"),
    [
        ("chattr: Operation not permitted while setting flags on /etc/hosts", "tmpfiles.d"),
        ("chattr: Operation not supported while reading flags on /f", "tmpfiles.d"),
        ("mknod: /srv/null: Operation not permitted", "c /PATH 0600"),
        ("mknod: '/srv/null': Operation not permitted", "c /PATH 0600"),
        ("chmod: changing permissions of '/dev/null': Read-only file system", "rule of udev"),
        ("chown: changing ownership of '/dev/kvm': Read-only file system", "rule of udev"),
        ("mount: /mnt: failed to setup loop device for /root/disk.img.", "bsdtar"),
        ("mount: /mnt: permission denied.", "bsdtar"),
        ("mount: /mnt: must be superuser to use mount.", "bsdtar"),
        ("losetup: cannot find an unused loop device: No such file or directory", "bsdtar"),
        ("/dev/mapper/control: open failed: No such file", "bsdtar"),
        (
            "/usr/sbin/grub-probe: error: failed to get canonical path of `overlay'.",
            "by these names in the script itself",
        ),
        ("swapon: /swapfile: swapon failed: Operation not permitted", "/swapfile none swap"),
        ("mkinitramfs: failed to determine device for /", "by these names in the script itself"),
    ],
)
def test_a_remedy(printed: str, says: str) -> None:
    assert says in remedy(f"other lines\n{printed}\nand others")


@pytest.mark.parametrize(
    ("printed", "says"),
    [
        ('sysctl: permission denied on key "vm.swappiness"', "/etc/sysctl.d/60-own.conf"),
        ("modprobe: FATAL: Module loop not found in directory", "/etc/modules-load.d/own.conf"),
    ],
)
def test_a_remedy_for_what_comes_last(printed: str, says: str) -> None:
    assert says in remedy(f"other lines\n{printed}\n")
    assert remedy(f"{printed}\nE: another failure\n") == ""


def test_the_rule_of_a_device_can_be_copied() -> None:
    call = remedy("chmod: changing permissions of '/dev/null': Read-only file system")
    assert call.splitlines()[-1] == (
        'create_file(system(), "/etc/udev/rules.d/60-own.rules", '
        """'KERNEL=="NAME", MODE="0660"\\n')"""
    )


@pytest.mark.parametrize(
    "printed",
    [
        "",
        "E: Unable to locate package mount",
        "cp: cannot stat 'x': No such file or directory",
        "mount: /mnt: special device x does not exist.",
        "chmod: changing permissions of '/proc/1': Operation not permitted",
    ],
)
def test_no_remedy(printed: str) -> None:
    assert remedy(printed) == ""
