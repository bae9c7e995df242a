"""Steps and keys that vmdb2 hasn't, though specifications have them: what they were."""

from __future__ import annotations

#: Steps: what they were, and what to do without them.
GONE = {
    "mkimage": ("vmdb2's manual calls it so, but the step is mkimg", "write mkimg"),
    "ramdisk": (
        "ramdisk is a step of a fork of vmdb2, which copies kernel and initrd out of the image",
        "a shell step can copy them from $ROOT/boot",
    ),
    "overlay": ("overlay is a step of a fork of vmdb2", "copy-dir copies a directory"),
    "kernel": (
        "kernel was a step before vmdb2 was released",
        "write `apt: install`, with its name below `packages:`, and `tag:`",
    ),
}
#: What was a step for a while, and needs none here.
ZEROFREE = (
    "zerofree was never a step of a released vmdb2, which refuses it: mount does it",
    "remove it: what an image does not use is zeros anyway",
)
#: Keys, the same.
NEVER = {
    "when": (
        "vmdb2 has no `when`, and never looked at it",
        "there is only `unless`, for what is to be skipped if a rootfs tarball was unpacked",
    ),
    "trailing-newline": (
        "vmdb2 never had trailing-newline",
        "for a newline at the end write `contents: |+` and an empty line below the text",
    ),
    "addl-flags": ("addl-flags is a key of a fork of vmdb2", "remove it"),
    "compress": ("compress is a key of a fork of vmdb2", "convert the image after the build"),
    "format": ("format is a key of a fork of vmdb2", "convert the image after the build"),
    "paths": ("paths is a key of a fork of vmdb2", "remove it"),
}
