#!/bin/bash
# In a machine: look at a disk that is somewhere in /dev/vda, from byte $1 on, $2 bytes long, with
# sectors of $3 bytes. All devices on it are opened, and all that its /etc/fstab names is used.
set -eu
config='devices{filter=["a|/dev/loop|","a|/dev/mapper/|","r|.*|"]}'

volumes() {
    # All groups that there are: those of one disk.
    said=$(lvm vgchange --config "$config" --activate "$1" 2>&1) || {
        echo "$said"
        return 1
    }
}

open_all() {
    # Open those of the given devices that are encrypted.
    for device; do
        if [ -b "$device" ] && cryptsetup isLuks "$device"; then
            printf %s 'open sesame' |
                cryptsetup open --key-file=- "$device" "open-$(basename "$device")"
        fi
    done
}

mount_root() {
    # Of Btrfs, the root may be a subvolume.
    for device in "$loop"p* /dev/mapper/*; do
        mount "$device" /mnt 2>/dev/null || continue
        [ ! -e /mnt/etc/fstab ] || return 0
        if [ -e /mnt/@/etc/fstab ]; then
            umount /mnt
            mount --options subvol=@ "$device" /mnt
            return 0
        fi
        umount /mnt
    done
    return 1
}

same() {
    # The file of a mount point is what the recipe has made, and another can be written.
    seq --format "$1 %.0f" 0 29999 | cmp - "/mnt${1%/}/file"
    cp "/mnt${1%/}/file" "/mnt${1%/}/again"
    sync --file-system "/mnt${1%/}/again"
    cmp "/mnt${1%/}/file" "/mnt${1%/}/again"
}

# No udev runs here, which libdevmapper would wait for.
export DM_DISABLE_UDEV=1
modprobe --all loop dm-mod dm-crypt
loop=$(losetup --find --show --partscan --offset "$1" --sizelimit "$2" --sector-size "$3" /dev/vda)
open_all "$loop"p*
volumes y
open_all /dev/mapper/*
mount_root
mounted=0 swapped=0
while read -r source place kind options _; do
    case $kind:$source in
        swap:/*) swapon "/mnt$source" ;;
        swap:*) swapon "$source" ;;
        *) [ "$place" = / ] || mount --types "$kind" --options "$options" "$source" "/mnt$place" ;;
    esac
    if [ "$kind" = swap ]; then
        swapped=$((swapped + 1))
    else
        same "$place"
        mounted=$((mounted + 1))
    fi
done </mnt/etc/fstab
[ "$(swapon --noheadings | wc --lines)" = "$swapped" ]
swapoff --all
umount --recursive /mnt
for name in /dev/mapper/open-*; do  # what volumes are on is still in use
    [ ! -e "$name" ] || cryptsetup close "$name" 2>/dev/null || true
done
volumes n
for name in /dev/mapper/open-*; do
    [ ! -e "$name" ] || cryptsetup close "$name"
done
[ "$(ls /dev/mapper)" = control ]
losetup --detach "$loop"
echo "$mounted mounted, $swapped swapped"
