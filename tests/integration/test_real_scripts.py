"""Scripts as specifications of vmdb2 have them, as an ordinary user: mounts, device nodes, apt."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.integration

MIB = 2**20
HEAD = """\
from vmdsl import *


@step
def disk() -> Disk:
    return mkimg(MiB(640))


@step
def table() -> Msdos:
    return mkmsdos(disk())


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=MiB(512))))


@step
def boot() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())), "/boot", on=root())


@step
def system() -> RootFs:
    return system_from(root(), {tarball!r}, suite="bookworm")

"""
#: Each goes on where the one before it has ended.
SCRIPTS = [
    # What a script mounts is gone at its end, and what a later one unmounts was there anyway.
    ("host_shell", "ln -sf away here; mount -t proc proc $ROOT/proc"),
    ("host_shell", "umount $ROOT/proc; test ! -e $ROOT/proc/self"),
    ("chroot", "mount -t proc proc /proc; test -e /proc/self"),
    ("chroot", "umount /proc"),
    ("chroot", "mkdir /mnt/disk; mount -t tmpfs tmpfs /mnt/disk; touch /mnt/disk/gone"),
    ("host_shell", 'test ! -e "$ROOT/mnt/disk/gone"; mount --bind /usr "$ROOT/mnt/disk"'),
    ("host_shell", 'mount --bind "$ROOT/srv" "$ROOT/etc"; touch "$ROOT/etc/hidden"'),
    ("chroot", "test -e /proc/self; test -e /etc/passwd; test -e /srv/hidden; rm /srv/hidden"),
    # The machine's own filesystems, in whatever way; the tree has them anyway.
    (
        "host_shell",
        "mount --bind /dev $ROOT/dev; mount -t sysfs sys $ROOT/sys/; test -c $ROOT/dev/null",
    ),
    (
        "host_shell",
        "cd $ROOT; for x in dev proc sys; do mount -o bind /$x ./$x; done; umount -R dev",
    ),
    ("host_shell", "mount -t devtmpfs dev $ROOT/dev; mount -t devpts pts $ROOT/dev/pts"),
    ("host_shell", "umount $ROOT/dev/pts $ROOT/dev; umount $ROOT/sys; umount $ROOT/proc"),
    ("host_shell", "if mount --bind /nowhere $ROOT/mnt; then exit 1; fi"),
    ("host_shell", "if umount $ROOT/mnt; then exit 1; fi; umount -l $ROOT/run; umount $ROOT/run"),
    # Owners, and what is copied.
    ("host_shell", 'echo x >x; install -m 640 -o root -g root x "${ROOT?}/etc/by-root"'),
    (
        "host_shell",
        'install -m 600 -o 33 -g 33 x "${ROOT?}/etc/by-33"; chmod 4755 $ROOT/bin/true',
    ),
    (
        "host_shell",
        'mkdir -p d/e; echo 1 >d/e/f; cp -a d "$ROOT/srv/d"; chown -R root:0 $ROOT/srv/d',
    ),
    ("host_shell", "chroot $ROOT sh -c 'touch /srv/by-chroot; cat /etc/resolv.conf'"),
    # Users.
    ("chroot", "useradd --shell /bin/bash --create-home user; echo user:user | chpasswd"),
    ("chroot", "install -m 644 -o user -g user /etc/passwd /home/user/x; passwd -d root"),
    ("host_shell", "sed -i '/^root:[^:]*:/s//root::/' $ROOT/etc/passwd"),
    # Packages: with the index that a step of ours has fetched, and with their own.
    ("apt", "hello"),
    ("chroot", "apt-get -y install tree; apt-get clean"),
    ("chroot", "apt-get update; apt-get -y upgrade; apt-get -y install sl; apt clean"),
    # What is asked of the machine.
    (
        "chroot",
        "sync; sleep 0.1; findmnt -n -o SOURCE /; df /; blkid || true; test -c /dev/null",
    ),
    ("host_shell", "sync; findmnt $ROOT; if mknod $ROOT/loop b 7 0; then exit 1; fi"),
    ("chroot", "echo said >/dev/stderr; echo too | tee /dev/stdout >/dev/null"),
    ("host_shell", "echo said >/dev/stderr; echo too >/dev/stdout"),
    # All the room that there is; the machine has more.
    ("chroot", "dd if=/dev/zero of=/ZERO bs=1M || rm -f /ZERO"),
    (
        "chroot",
        "set +e; dd if=/dev/zero of=/ZERO bs=1M; stat -c %s /ZERO >/srv/size; rm /ZERO; true",
    ),
    ("chroot", "if yes >/ZERO; then exit 1; fi; rm /ZERO"),
    ("host_shell", 'rm "${ROOT?}/etc/resolv.conf"'),
]


def recipe(tarball: Path) -> str:
    text = HEAD.format(tarball=str(tarball))
    for number, (function, script) in enumerate(SCRIPTS):
        text += f"\n@step\ndef step_{number}() -> None:\n    {function}(system(), {script!r})\n"
    return text


@pytest.fixture(scope="module")
def image(user: Any, base: Any) -> Path:
    folder = user.folder("real-scripts")
    made: Path = folder / "r.img"
    done = user.build(user.file(folder / "r.py", recipe(base.tarball)), "--output", made)
    assert done.returncode == 0, done.stdout
    return made


def asked(image: Path, command: str) -> str:
    return subprocess.run(
        ["/sbin/debugfs", "-R", command, f"{image}?offset={MIB}"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_what_was_mounted_is_not_in_the_image(image: Path) -> None:
    names = asked(image, "ls -p /mnt/disk")
    assert re.findall(r"/([^/]+)/\d*/$", names, re.MULTILINE) == [".", ".."]
    assert "hidden" not in asked(image, "ls -p /srv") + asked(image, "ls -p /etc")
    assert "self" not in asked(image, "ls -p /proc")


def test_the_resolver_is_gone(image: Path) -> None:
    assert "resolv.conf" not in asked(image, "ls -p /etc")


@pytest.mark.parametrize(
    ("path", "mode", "owner"),
    [
        ("/etc/by-root", "0640", 0),
        ("/etc/by-33", "0600", 33),
        ("/bin/true", "04755", 0),
        ("/srv/d/e/f", "0644", 0),
        ("/srv/by-chroot", "0644", 0),
        ("/home/user/x", "0644", 1000),
    ],
)
def test_owners_and_modes(image: Path, path: str, mode: str, owner: int) -> None:
    about = asked(image, f"stat {path}")
    assert re.search(rf"Mode:\s+0*{mode.lstrip('0')}\s", about), about
    assert re.search(rf"User:\s+{owner}\s", about), about


def test_no_file_is_larger_than_a_filesystem(image: Path) -> None:
    assert asked(image, "cat /srv/size").strip() == str(512 * MIB)
    assert "ZERO" not in asked(image, "ls -p /")


def test_passwords(image: Path) -> None:
    assert "\nroot::0:0:" in "\n" + asked(image, "cat /etc/passwd")
    assert re.search(r"^user:\$", asked(image, "cat /etc/shadow"), re.MULTILINE)


def test_a_package_that_a_script_has_installed(image: Path) -> None:
    for name in ("hello", "tree", "sl"):
        assert f"Package: {name}\nStatus: install ok" in asked(image, "cat /var/lib/dpkg/status")
    assert ".deb" not in asked(image, "ls -p /var/cache/apt/archives")
