"""Remedies for what programs cannot do while an image is built, though they can in a system."""

from __future__ import annotations

import re

from vmdsl.errors import Code, Hint, code


def _file(path: str, line: str) -> Code:
    """Return the call that writes a file of one line."""
    return code("create_file", code("system"), path, line)


_ATTRIBUTES = Hint(
    "attributes of files (chattr) are set when the system boots, by a line of tmpfiles.d:\n",
    _file("/etc/tmpfiles.d/attributes.conf", r"h /PATH - - - - +i\n"),
)
_DEVICES = Hint(
    "device files are made when the system boots: those in /dev by udev, others by a line of "
    "tmpfiles.d:\n",
    _file("/etc/tmpfiles.d/devices.conf", r"c /PATH 0600 root root - 5:1\n"),
)
_OWNERS_OF_DEVICES = Hint(
    "the device files here are this machine's. Owner and mode of those that the system will have "
    "are set\nwhen it boots, by a rule of udev:\n",
    _file("/etc/udev/rules.d/60-own.rules", r'KERNEL=="NAME", MODE="0660"\n'),
)
_MOUNTS = Hint(
    "nothing can be mounted from a device or an image file here. Unpack it instead: with 7z, "
    "bsdtar,\nmcopy (FAT) or debugfs -R 'rdump / DIRECTORY' (ext)",
    *("; a tarball with ", code("system_from")),
    *("; a script gets the partitions of the image itself with\n", code("image_shell")),
)
_KERNEL = Hint(
    "the kernel here is this machine's. That of the system is set when it boots, by a file:\n",
    _file("/etc/sysctl.d/60-own.conf", r"vm.swappiness = 10\n"),
)
_MODULES = Hint(
    "the kernel here is this machine's. That of the system loads modules when it boots, by a "
    "file:\n",
    _file("/etc/modules-load.d/own.conf", r"MODULE\n"),
)
_SWAP = Hint(
    "swap is used when the system boots, by a line of /etc/fstab:\n",
    code("fstab", code("system"), extra=["/swapfile none swap sw 0 0"]),
)
_BY_NAME = """\
call grub-install, grub-mkconfig, grub-probe and mkinitramfs by these names in the script itself,
without a path: vmdsl then answers from the layout of the image"""
#: By what programs print.
_REMEDIES = {
    r"while setting flags on|chattr: .*not (?:permitted|supported)": _ATTRIBUTES,
    r"mknod: .*(?:not permitted|denied)": _DEVICES,
    r"(?:chmod|chown|chgrp): changing .* of ['\"]?/dev/": _OWNERS_OF_DEVICES,
    r"failed to set ?up loop device|losetup: |/dev/loop|/dev/mapper/control": _MOUNTS,
    r"mount: .*(?:permission denied|must be superuser)": _MOUNTS,
    # Packages' scripts may print these two, and go on.
    r"sysctl: (?:permission denied|setting key|cannot stat)[^\n]*\s*\Z": _KERNEL,
    r"(?:modprobe|insmod): (?:FATAL|ERROR)[^\n]*\s*\Z": _MODULES,
    r"swapon: .*(?:not permitted|swapon failed)": _SWAP,
    r"failed to get canonical path of .?overlay": _BY_NAME,
    r"mkinitramfs: failed to determine device for /": _BY_NAME,
}


def remedy(output: str) -> str:
    """Return what to do instead of what has failed with this output, or "" if that's not known.

    It is a Hint if it has code.
    """
    return next((hint for pattern, hint in _REMEDIES.items() if re.search(pattern, output)), "")
