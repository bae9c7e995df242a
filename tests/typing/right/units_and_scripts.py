"""Units that may be enabled, and scripts that the system has."""

from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    Mounted,
    RootFs,
    apt,
    chroot,
    copy_file,
    copy_tree,
    create_file,
    debootstrap,
    fstab,
    host_shell,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mount,
    step,
)
from vmdsl_stdlib import enable_unit, lock_root, open_root_console

SERVICE = "[Service]\nExecStart=/bin/true\n"
INSTALL = "\n[Install]\nWantedBy=multi-user.target\n"


@step
def disk() -> Disk:
    return mkimg(size=GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step
def mounts() -> None:
    fstab(system())


@step
def units() -> None:
    create_file(system(), "/etc/systemd/system/hello.service", SERVICE + INSTALL)
    create_file(system(), "/etc/systemd/system/backup.service", SERVICE)
    create_file(system(), "/etc/systemd/system/backup.timer", "[Timer]\nOnBootSec=1\n" + INSTALL)
    create_file(system(), "/etc/systemd/system/later.service", SERVICE)
    create_file(system(), "/etc/systemd/system/later.service.d/install.conf", INSTALL)
    create_file(system(), "/etc/systemd/system/changed.service", SERVICE)
    chroot(
        system(), "printf '[Install]\\nAlias=x.service\\n' >>/etc/systemd/system/changed.service"
    )
    apt(system(), "openssh-server", "nginx")


@step
def enabled() -> None:
    enable_unit(system(), "hello", "backup.timer", "later", "changed", "ssh", "nginx.service")
    chroot(system(), "systemctl enable getty@tty2 systemd-networkd")
    chroot(system(), "systemctl --user enable hello-there.service || echo enable backup")


@step
def scripts() -> None:
    copy_file(system(), "uses_a_library.py", "/root/uses_a_library.py", mode=0o755)
    chroot(system(), "/root/uses_a_library.py || python3 ./uses_a_library.py || true")
    copy_tree(system(), "../right", "/root/right", exclude=("__pycache__",))
    chroot(system(), "cd /root && sh right/facts.py || right/conditions.py || true")
    chroot(system(), "cat <<END >/root/names\nright/sources.py\nEND\n")
    host_shell(root(), "true ./sources.py", inputs=["sources.py"])


@step
def logins() -> None:
    lock_root(system())
    open_root_console(system())
