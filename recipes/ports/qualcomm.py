"""Debian for Qualcomm's boards with UEFI, on UFS or an SD card: a port of qcom-deb-images.

It is the build with Debian's own kernel and packages, and the variant `console`.
`docs/how-to/port-from-debos.md` compares it with the original, step by step.
"""

from enum import StrEnum

from vmdsl import (
    Arch,
    Ext4,
    GiB,
    Gpt,
    MiB,
    Mounted,
    RootFs,
    Secret,
    Source,
    Suite,
    Vfat,
    apt,
    cache_rootfs,
    chroot,
    create_file,
    debootstrap,
    flag,
    fstab,
    grow_root,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mkvfat,
    mount,
    option,
    optional_path,
    step,
    step_if,
)
from vmdsl_stdlib import add_user, open_root_console, set_hostname, set_locale, tidy


class Storage(StrEnum):
    """The storage of a board that the image is for."""

    UFS = "ufs"
    SDCARD = "sdcard"


# Options are flags on the command line: --storage sdcard --no-comfortable --console-login.
storage = option(Storage.UFS, help="Storage that the image is for; UFS has sectors of 4096 bytes.")
size = option(GiB(6), help="Size of the image; the board's storage may be larger.")
suite = option(Suite("trixie"), help="Release of Debian.")
backports = option("http://mirror.example/debian", help="A mirror of Debian with its backports.")
kernel = option("linux-image-arm64", help="Package of the kernel.")
device_tree = option("", help="Device tree instead of the firmware's: qcom/qcs6490-rb3gen2.dtb.")
parameters = option("", help="More parameters for the kernel, such as quiet.")
build_id = option("", help="The build's name, for /etc/buildinfo.")
password = optional_path(help="File with the password of debian, who changes it at first login.")
rootfs = optional_path(help="Where the system is kept as a tarball, without a boot loader.")
comfortable = flag(default=True, help="Install what is comfortable beside what boards need.")
console_login = flag(default=False, help="Let root log in on the console without a password.")

COMPONENTS = ("main", "contrib", "non-free", "non-free-firmware")
# Boards need newer versions of these, which Debian has as backports.
NEWER = (
    *("alsa-lib", "alsa-ucm-conf", "debugcc", "efivar", "fastrpc", "firmware-free"),
    *("firmware-nonfree", "greetd", "hexagon-dsp-binaries", "linux", "linux-base"),
    *("linux-signed-arm64", "mesa", "pipewire", "thermald", "u-boot-efi-dtb", "wireplumber"),
)


# The steps run from top to bottom. Each calls the steps above it to get what they have returned;
# the types say what fits where, and mypy checks it.
@step
def table() -> Gpt:
    return mkgpt(mkimg(size(), sector=4096 if storage() is Storage.UFS else 512))


@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), start=MiB(4), size=MiB(512), type="esp", label="ESP"))


# A partition without a size takes the room that is left; it grows if the storage is larger.
@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), start=MiB(520), type="root-arm64", label="root")))


# The options of systemd, for an EFI system partition that it finds by itself: only root reads it.
@step
def efi() -> Mounted[Vfat]:
    options = (
        *("nosuid", "nodev", "noexec", "relatime", "nosymfollow", "fmask=0177", "dmask=0077"),
        *("codepage=437", "iocharset=iso8859-1", "shortname=mixed", "errors=remount-ro"),
    )
    return mount(esp(), "/boot/efi", on=root(), options=options)


@step
def system() -> RootFs:
    more = Source(
        name="debian-backports",
        uris=[backports()],
        suites=[f"{suite()}-backports"],
        components=COMPONENTS,
    )
    return debootstrap(
        root(),
        suite=suite(),
        arch=Arch.ARM64,
        components=COMPONENTS,
        sources=[more],
        variant="standard",
        include=["ca-certificates"],
    )


@step
def preferences() -> None:
    names = " ".join(f"src:{name}:any" for name in NEWER)
    pin = f"Package: {names}\nPin: release n={suite()}-backports\nPin-Priority: 900\n"
    create_file(system(), "/etc/apt/preferences.d/debian-backports.pref", pin)


@step
def about() -> None:
    lines = [f"BUILD_ID={build_id()}"] if build_id() else []
    create_file(system(), "/etc/buildinfo", "\n".join([*lines, "VARIANT_ID=console", ""]))


# For the processors for signals, the radio, sound, the firmware and its updates.
@step
def foundation() -> None:
    apt(
        system(),
        *("adbd", "bluez", "dosfstools", "e2fsprogs", "efivar", "fastrpc-support", "fwupd"),
        *("hexagon-dsp-binaries", "init", "libspa-0.2-bluetooth", "libspa-0.2-libcamera"),
        *("netbase", "network-manager", "pipewire", "qbootctl", "rmtfs", "thermald"),
        *("tqftpserv", "udev", "wireless-regdb", "wpasupplicant"),
    )


@step_if(comfortable)
def comfort() -> None:
    apt(
        system(),
        *("alsa-utils", "clinfo", "debugcc", "device-tree-compiler", "docker.io", "ethtool"),
        *("i2c-tools", "mesa-opencl-icd", "mesa-utils-bin", "net-tools", "openssh-client"),
        *("pciutils", "rfkill", "usbutils", "v4l-utils", "vim", "vulkan-tools", "wget"),
    )


@step
def names() -> None:
    set_hostname(system(), "debian")
    set_locale(system(), "en_US.UTF-8")


# The group fastrpc is otherwise made when the system boots.
@step
def user() -> None:
    chroot(system(), "systemd-sysusers fastrpc.conf")
    groups = ["adm", "audio", "fastrpc", "render", "users", "video"]
    groups += ["docker"] if comfortable() else []
    file = password()
    secret = Secret.from_file(file) if file else None
    add_user(system(), "debian", password=secret, sudo=True, groups=groups)
    if file:
        chroot(system(), "chage --lastday 0 debian")


@step_if(console_login)
def root_without_password() -> None:
    open_root_console(system())


# The kernel comes last: the initramfs is made once, when all that belongs into it is there.
@step
def kernel_and_firmware() -> None:
    packages = ("apparmor", "initramfs-tools", "linux-base", "linux-sysctl-defaults")
    apt(system(), *packages, "firmware-atheros", "firmware-qcom-soc", kernel())


@step
def tarball() -> None:
    cache_rootfs(system(), rootfs())


@step
def mounts() -> None:
    fstab(system())
    grow_root(system())


# systemd-boot for any machine, and an entry for the kernel, which upgrades of kernels renew. The
# tools look for the partition that is mounted in the running system; here it is a directory.
@step
def boot_loader() -> None:
    apt(system(), "systemd-boot", "efibootmgr", recommends=False)
    create_file(system(), "/etc/kernel/entry-token", "debian\n")
    if device_tree():
        create_file(system(), "/etc/kernel/devicetree", f"{device_tree()}\n")
    given = f"clk_ignore_unused pd_ignore_unused audit=0 deferred_probe_timeout=30 {parameters()}"
    chroot(
        system(),
        f"""
        echo "root=UUID=$(findmnt -n -o UUID /) {given.strip()}" >/etc/kernel/cmdline
        export SYSTEMD_RELAX_ESP_CHECKS=1 SYSTEMD_ESP_PATH=/boot/efi BOOT_MNT=/boot/efi
        bootctl install --no-variables --random-seed=no
        version=$(linux-version list | linux-version sort --reverse | head -n 1)
        kernel-install add "$version" "/boot/vmlinuz-$version"
        """,
    )


# U-Boot reads the device trees from here, and the package copies those of later kernels.
@step
def device_trees() -> None:
    apt(system(), "u-boot-efi-dtb", recommends=False)
    chroot(
        system(),
        """
        version=$(linux-version list | linux-version sort --reverse | head -n 1)
        mkdir /boot/efi/dtb
        cp -LRT "/usr/lib/linux-image-$version" /boot/efi/dtb
        """,
    )


# tidy() removes logs and caches, so it comes after all steps that install something.
@step
def tidy_up() -> None:
    tidy(system())
