"""Nobody logs in without a secret or a key."""

from collections.abc import Callable
from pathlib import Path

import pytest

from vmdsl.plan.plan import Plan
from vmdsl.policies import no_open_login

KEY = "ssh-ed25519 " + "A" * 68
DROPIN = "/etc/systemd/system/getty@tty1.service.d/login.conf"


@pytest.mark.parametrize(
    ("call", "what"),
    [
        ("open_root_console(system())", "root logs in without a password"),
        ('chroot(system(), "passwd -dq ann")', "ann logs in without a password"),
        ("chroot(system(), \"usermod -p '' root\")", "root logs in without a password"),
        (
            "chroot(system(), \"sed -i 's/^root:[^:]*:/root::/' /etc/shadow\")",
            "root logs in without a password",
        ),
        (
            "host_shell(system(), 'sed -i s,root:x:,root::, \"$ROOT/etc/passwd\"')",
            "root logs in without a password",
        ),
        ("chroot(system(), 'echo root:toor | chpasswd')", "the password of root stands"),
        ("chroot(system(), \"printf 'ann:x y' | sudo chpasswd\")", "the password of ann stands"),
        ("chroot(system(), 'chpasswd <<E\\nann:x\\nbob:$B\\nE\\n')", "the password of ann stands"),
        ("chroot(system(), 'bash -c \"chpasswd <<< ann:x\"')", "the password of ann stands"),
        ("chroot(system(), 'yes toor | passwd root || echo a | passwd ann')", "of ann stands"),
        ("chroot(system(), 'useradd -p \"$(openssl passwd -6 toor)\" ann')", "of ann stands"),
        (
            'set_password(system(), "root", Secret.from_text("toor"))',
            "the password of root stands in the recipe",
        ),
        (
            f'create_file(system(), "{DROPIN}", "ExecStart=-/sbin/agetty --autologin root %I\\n")',
            "a console logs in by itself",
        ),
        (
            "chroot(system(), 'echo ExecStart=-/sbin/agetty -a root %I >x.conf')",
            "a console logs in by itself",
        ),
        (
            'create_file(system(), "/etc/ssh/sshd_config.d/a.conf", "PermitEmptyPasswords yes")',
            "the SSH server lets in",
        ),
        (
            'create_file(system(), "/etc/lightdm/lightdm.conf.d/a.conf", "autologin-user=ann")',
            "the desktop logs in by itself",
        ),
        (
            'create_file(system(), "/etc/sddm.conf.d/a.conf", "[Autologin]\\nUser=ann\\n")',
            "the desktop logs in by itself",
        ),
        (
            'create_file(system(), "/etc/cloud/cloud.cfg.d/a.cfg", "  plain_text_passwd: x\\n")',
            "for cloud-init",
        ),
        ('create_file(system(), "/etc/shadow", "root:*:1\\nann::1:::\\n")', "ann logs in without"),
        ('enable_unit(system(), "debug-shell")', "debug-shell.service opens a shell"),
        ('grub_bios(system(), parameters=("init=/bin/sh",))', "init=/bin/sh opens a shell"),
        (
            'grub_bios(system(), default_parameters=["systemd.debug_shell"])',
            "opens a shell of root",
        ),
    ],
)
def test_open(call: str, what: str, calling: Callable[..., Plan]) -> None:
    found = list(no_open_login(calling(call)))
    assert len(found) == 1
    assert what in found[0].what
    assert found[0].hint


@pytest.mark.parametrize(
    "calls",
    [
        ["lock_root(system())"],
        [f'add_user(system(), "ann", ssh_keys="{KEY}", sudo=True)'],
        ['add_user(system(), "ann", password=Secret.from_environment("A"))'],
        ["add_ssh_server(system(), root=True)"],
        ["open_root_console(system())", "lock_root(system())"],
        ["open_root_console(system())", 'set_password(system(), "root", Secret.from_file("a"))'],
        ["chroot(system(), 'passwd -d ann; passwd -l ann')"],
        ['chroot(system(), \'printf "root:%s" "$(cat "$SECRETS/a")" | chpasswd\')'],
        ["chroot(system(), 'echo \"root:$PASSWORD\" | chpasswd')"],
        ["chroot(system(), \"echo 'root:$6$a$b' | chpasswd -e\")"],
        ["chroot(system(), \"usermod -p '$6$a$b' root\")"],
        ["chroot(system(), 'echo ann:x | tee -a /etc/passwd; # echo ann:x | chpasswd')"],
        ["chroot(system(), 'chpasswd -e <<E\\nann:x\\nE\\n')"],
        ["chroot(system(), 'adduser --disabled-password ann')"],
        ['create_file(system(), "/srv/notes", "PermitEmptyPasswords yes")'],
        ['create_file(system(), "/etc/ssh/sshd_config", "#PermitEmptyPasswords yes")'],
        ['create_file(system(), "/etc/shadow", Secret.from_file("shadow"))'],
        [f'create_file(system(), "{DROPIN}", "ExecStart=-/sbin/agetty --noclear %I\\n")'],
        ['grub_bios(system(), parameters=("init=/sbin/init", "quiet"))'],
    ],
)
def test_closed(calls: list[str], calling: Callable[..., Plan]) -> None:
    assert [one.what for one in no_open_login(calling(*calls))] == []


def test_what_may_be_skipped_locks_nothing(calling: Callable[..., Plan]) -> None:
    fact = 'fact = path_exists(system(), "/x")'
    opened = 'chroot(system(), "passwd -d root")'
    locked = 'chroot(system(), "passwd -l root", unless=fact)'
    assert len(list(no_open_login(calling(fact, opened, locked)))) == 1
    opened = opened.replace(")", ", unless=fact)", 2).replace(", unless=fact),", "),", 1)
    assert list(no_open_login(calling(fact, opened, locked))) == []


def test_local_files(calling: Callable[..., Plan], tmp_path: Path) -> None:
    folder = tmp_path / "overlay/etc/ssh"
    folder.mkdir(parents=True)
    (folder / "sshd_config").write_text("PermitEmptyPasswords yes\n")
    (folder / "moduli").write_bytes(b"\xff\0")
    (tmp_path / "shadow").write_text("root::1:0:99999:7:::\n")
    found = list(
        no_open_login(
            calling(
                'copy_tree(system(), "overlay", "/")',
                'copy_file(system(), "shadow", "/etc/shadow")',
            )
        )
    )
    assert [one.about for one in found] == ["source", "source"]
