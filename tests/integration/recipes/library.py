"""Most of the library in one system; it need not boot."""

from pathlib import Path

from vmdsl import (
    Ext4,
    GiB,
    Mounted,
    RootFs,
    Secret,
    apt,
    chroot,
    create_file,
    flag,
    grow_root,
    mkext4,
    mkimg,
    mkmsdos,
    mkpart,
    mount,
    option,
    set_password,
    step,
    step_if,
    system_from,
)
from vmdsl_stdlib import (
    add_ssh_server,
    add_user,
    disable_unit,
    enable_unit,
    lock_root,
    mask_unit,
    set_hostname,
    set_keyboard,
    set_locale,
    set_time_zone,
    tidy,
    use_dhcp,
)

tarball = option(Path("base.tar"), help="A minimal bookworm.")
ssh_key = option("", help="A public key.")
missing_unit = flag(default=False, help="Mask a unit that isn't there.")
missing_zone = flag(default=False, help="Set a time zone that isn't there.")
early = flag(default=False, help="Let the root grow without what it takes.")


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkmsdos(mkimg(GiB(1))))))


@step
def system() -> RootFs:
    return system_from(root(), tarball(), suite="bookworm")


@step_if(early)
def too_early() -> None:
    grow_root(system())


@step
def packages() -> None:
    apt(system(), "systemd-sysv", "fdisk", "cron", recommends=False)


@step_if(missing_unit)
def unit() -> None:
    mask_unit(system(), "cron", "corn")


@step_if(missing_zone)
def zone() -> None:
    set_time_zone(system(), "Europe/Atlantis")


@step
def machine() -> None:
    set_hostname(system(), "library", domain="example.org")
    set_locale(system(), "fi_FI.UTF-8")
    set_time_zone(system(), "Europe/Helsinki")
    set_keyboard(system(), "fi")
    use_dhcp(system())
    add_ssh_server(system(), root=True)
    grow_root(system())


@step
def users() -> None:
    add_user(system(), "ann", ssh_keys=f"# Ann's\n{ssh_key()}", sudo=True, groups=["adm", "users"])
    add_user(system(), "bob", password=Secret.from_environment("BOB"), sudo=True, uid=1500)
    add_user(system(), "bob", shell="/bin/sh")  # noqa: S604 (a user's)
    set_password(system(), "root", Secret.from_environment("BOB"))
    lock_root(system())


@step
def units() -> None:
    disable_unit(system(), "apt-daily.timer")
    enable_unit(system(), "serial-getty@ttyS1")
    mask_unit(system(), "cron")


@step
def traces() -> None:
    create_file(system(), "/root/.bash_history", "secret things\n")
    create_file(system(), "/home/ann/.bash_history", "more secret things\n")
    create_file(system(), "/var/log/own.log", "once\n")
    chroot(system(), "ssh-keygen -q -A; echo x >/etc/ssh/ssh_host_test_key")
    tidy(system(), docs=False, manuals=False, languages=False)
