"""A card for a Rock64 that starts with flash-kernel's script; its kernel is only a file."""

from vmdsl import (
    Arch,
    Ext4,
    MiB,
    Mounted,
    RootFs,
    apt,
    chroot,
    debootstrap,
    flash_kernel,
    fstab,
    mkext4,
    mkimg,
    mkmsdos,
    mkpart,
    mount,
    option,
    step,
)

mirror = option("", help="Mirror for the packages; Debian's own servers if it isn't given.")

KERNEL = """\
release=9.9-arm64
mkdir -p "/usr/lib/linux-image-$release/rockchip"
echo "not a kernel" >"/boot/vmlinuz-$release"
echo "not an initramfs" >"/boot/initrd.img-$release"
echo "not a device tree" >"/usr/lib/linux-image-$release/rockchip/rk3328-rock64.dtb"
"""


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkmsdos(mkimg(MiB(800))))))


# The layer is that of emulated.py.
@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", arch=Arch.ARM64, variant="minbase", mirror=mirror())


@step
def kernel() -> None:
    chroot(system(), KERNEL)


@step
def loader() -> None:
    fstab(system())
    apt(system(), "flash-kernel", "u-boot-tools", recommends=False)
    flash_kernel(system(), "Pine64 Rock64", parameters=("panic=10",), quiet=True)
