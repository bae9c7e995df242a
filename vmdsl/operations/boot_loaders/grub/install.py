"""A stand-in for grub-install, which would look for the disk of this machine."""

from __future__ import annotations

from collections.abc import Sequence

from vmdsl.language.effects import ImageOperation
from vmdsl.language.handles import Partition
from vmdsl.language.layout import Layout, MountLayout
from vmdsl.machines import Arch
from vmdsl.operations.boot_loaders.grub.bios import GrubBootCode
from vmdsl.operations.boot_loaders.grub.core import (
    TERMINAL_MODULES,
    TERMINALS,
    modules,
    prefix,
    search,
)
from vmdsl.operations.boot_loaders.grub.ieee1275 import GrubPrep

_INSTALL = r"""#!/bin/sh
# Puts GRUB's files in their places in the image. What is outside of all filesystems is written
# when the image is made, by the recipe's boot loader.
set -e
real=/usr/sbin/grub-install
[ -e "$real" ] || { echo "$0: $real is missing: install grub2-common" >&2; exit 127; }
fail() { echo "grub-install: $*" >&2; exit 1; }
target= device= efi='@ESP@' id=debian own=y fallback= signed=y more=
while [ $# -gt 0 ]; do
    option=${1%%=*} value=${1#*=}
    case $1 in
    --*=*) ;;
    --target | --efi-directory | --boot-directory | --bootloader-id | --modules | \
        --root-directory | --directory | -d | --core-compress | --disk-module | --fonts | \
        --install-modules | --label-bgcolor | --label-color | --label-font | --locale-directory | \
        --locales | --macppc-directory | --product-version | --pubkey | -k | --sbat | --themes | \
        --compress | --grub-mkimage | --grub-setup | --grub-probe) value=$2; shift ;;
    esac
    shift
    case $option in
    -V | --version | -\? | --help | --usage) exec "$real" "$option" ;;
    --target) target=$value ;;
    --efi-directory) efi=${value%/} ;;
    --boot-directory) [ "${value%/}" = /boot ] || fail "only --boot-directory=/boot is possible" ;;
    --root-directory) [ "$value" = / ] || fail "only --root-directory=/ is possible" ;;
    --bootloader-id) id=$value ;;
    --modules) more="$more $value" ;;
    --removable) own= fallback=y ;;
    --force-extra-removable) fallback=y ;;
    --no-uefi-secure-boot) signed= ;;
    -*) ;;
    *) device=$option ;;
    esac
done
cd /usr/lib/grub
if [ -z "$target" ]; then
    # A machine that starts with UEFI needs no device to be named.
    for target in ${device:+i386-pc} @ORDER@; do
        [ ! -e "$target/modinfo.sh" ] || break
    done
fi
[ -e "$target/modinfo.sh" ] || fail "/usr/lib/grub/$target/modinfo.sh doesn't exist."
grub=/boot/grub/$target
echo "Installing for $target platform." >&2
mkdir -p "$grub"
cp "$target"/*.mod "$target"/*.lst "$grub/"
case $target in
@BIOS@) cat <<'END' ;;
@TERMINALS@END
*) ;;
esac >"$grub/load.cfg"
cat >>"$grub/load.cfg" <<'END'
@LOAD@END
core() {
    name=$1; shift
    # shellcheck disable=SC2086
    grub-mkimage -O "$target" -c "$grub/load.cfg" -p '@PREFIX@' -o "$grub/$name" \
        @MODULES@ "$@" $more
}
case $target in
@BIOS@)
    [ -n '@BOOT_CODE@' ] || fail "nothing here writes to a disk: add grub_bios() to the recipe"
    cp "$target/boot.img" "$grub/"
    core core.img biosdisk @TERMINAL_MODULES@ ;;
@IEEE1275@)
    [ -n '@PREP@' ] || fail "nothing here writes to a disk: add grub_ieee1275() to the recipe"
    case $target in
    powerpc-*) core core.elf --note ;;
    *) core core.elf ;;
    esac ;;
*)
    case $target in
@SUFFIXES@
    *) fail "the platform $target is not known here" ;;
    esac
    if [ -z "$efi" ] || [ ! -d "$efi" ]; then fail "cannot find EFI directory."; fi
    core core.efi
    boot=BOOT$(echo "$suffix" | tr a-z A-Z).EFI
    shim=/usr/lib/shim/shim$suffix.efi.signed
    secure=$target-signed/grub$suffix.efi.signed
    [ -e "$shim" ] && [ -e "$secure" ] || signed=
    for folder in ${own:+"$id"} ${fallback:+BOOT}; do
        mkdir -p "$efi/EFI/$folder"
        if [ "$folder" = BOOT ]; then first=$boot; else first=grub$suffix.efi; fi
        if [ -z "$signed" ]; then
            cp "$grub/core.efi" "$efi/EFI/$folder/$first"
            continue
        fi
        [ "$folder" = BOOT ] || first=shim$suffix.efi
        cp "$shim" "$efi/EFI/$folder/$first"
        cp "$secure" "$efi/EFI/$folder/grub$suffix.efi"
        cp "/usr/lib/shim/mm$suffix.efi.signed" "$efi/EFI/$folder/mm$suffix.efi"
    done
    if [ -n "$signed" ]; then # it looks here, whatever folder it is in
        mkdir -p "$efi/EFI/debian"
        { cat "$grub/load.cfg"; echo 'configfile $prefix/grub.cfg'; } >"$efi/EFI/debian/grub.cfg"
    fi
    [ -n "$fallback" ] || [ -e "$efi/EFI/BOOT/$boot" ] ||
        echo "grub-install: an image has no NVRAM: firmware finds GRUB only with --removable" >&2
    ;;
esac
echo "Installation finished. No error reported." >&2
"""


def install_script(layout: Layout, operations: Sequence[ImageOperation]) -> str:
    """Return a stand-in for grub-install that knows the image's layout alone.

    `operations` are those that write to the finished image: where none of them brings GRUB's boot
    code to the disk, the script says so and fails.
    """
    platforms = [arch.traits for arch in Arch]
    bios = sorted({traits.bios for traits in platforms} - {""})
    ieee1275 = sorted({traits.ieee1275 for traits in platforms} - {""})
    efis = {efi.platform: efi.suffix for traits in platforms if (efi := traits.efi)}
    asks = bool(layout.luks_below(layout.holding("/boot/grub")))
    esps = [m for m in layout.mounts if _is_on_esp(m)]
    values = {
        "ESP": str(esps[0].path) if esps else "",
        "ORDER": " ".join([*efis, *bios, *ieee1275]),
        "BIOS": " | ".join(bios),
        "IEEE1275": " | ".join(ieee1275),
        "SUFFIXES": "\n".join(f"    {name}) suffix={suffix} ;;" for name, suffix in efis.items()),
        "LOAD": search(layout),
        "TERMINALS": TERMINALS if asks else "",
        "TERMINAL_MODULES": " ".join(TERMINAL_MODULES) if asks else "",
        "PREFIX": prefix(layout),
        "MODULES": " ".join(modules(layout)),
        "BOOT_CODE": "y" * any(isinstance(o, GrubBootCode) for o in operations),
        "PREP": "y" * any(isinstance(o, GrubPrep) for o in operations),
    }
    script = _INSTALL
    for name, value in values.items():
        script = script.replace(f"@{name}@", value)
    return script


def _is_on_esp(mount: MountLayout) -> bool:
    device = mount.mounted.filesystem.device
    return isinstance(device, Partition) and device.type == "esp"
