from pathlib import Path

import pytest

from vmdsl.host.mounts import hidden_in_proc, in_chroot, kind_at


def mountinfo(*mounts: str) -> str:
    lines = []
    for number, mount in enumerate(mounts, start=20):
        point, kind = mount.split()
        lines.append(
            f"{number} 1 0:{number} / {point} rw,nosuid shared:7 - {kind} source rw,size=4k"
        )
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me/.cache", "xfs"),
        ("/home", "xfs"),
        ("/homely", "overlay"),
        ("/", "overlay"),
        ("/mnt/my disk/cache", "ext4"),
        ("/mnt/deep/er", "tmpfs"),
    ],
)
def test_kind_at(path: str, kind: str) -> None:
    text = mountinfo(
        "/ overlay", "/home xfs", r"/mnt/my\040disk ext4", "/mnt/deep ext4", "/mnt/deep tmpfs"
    )
    assert kind_at(Path(path), text) == kind


def test_kind_is_unknown_without_mountinfo() -> None:
    assert kind_at(Path("/home"), "") == ""
    assert kind_at(Path("/home"), "nonsense\n1 2 3 - \n") == ""


def test_a_root_that_is_no_mount_is_a_chroot() -> None:
    assert in_chroot(mountinfo("/proc proc", "/dev devtmpfs"))
    assert not in_chroot(mountinfo("/ ext4", "/proc proc"))
    assert not in_chroot("")


def test_hidden_in_proc() -> None:
    text = mountinfo(
        "/ overlay", "/proc proc", "/proc/kcore tmpfs", "/proc/acpi tmpfs", "/proc/acpi tmpfs",
        "/proc/sys/fs/binfmt_misc autofs", "/proc/sys/fs/binfmt_misc binfmt_misc",
    )  # fmt: skip
    assert hidden_in_proc(text) == ("/proc/acpi", "/proc/kcore")
    assert hidden_in_proc(mountinfo("/ ext4", "/proc proc")) == ()
