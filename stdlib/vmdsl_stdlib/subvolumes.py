"""Layouts of a root on Btrfs, as other distributions have them."""

from __future__ import annotations

from vmdsl import Btrfs, Mounted, Subvolume, mount, subvolume

#: Directories of the system that a snapshot of the root leaves out, as with openSUSE.
_APART = ("home", "opt", "root", "srv", "usr/local", "var")


def mount_like_fedora(
    filesystem: Btrfs, *, options: tuple[str, ...] = ("compress=zstd:1",)
) -> Mounted[Subvolume]:
    """Mount the subvolumes `root` and `home` of a Btrfs at / and /home. Return the root.

    `options` are those of both mounts. Packages: none.
    """
    root = mount(subvolume(filesystem, "root"), options=options)
    mount(subvolume(filesystem, "home"), "/home", on=root, options=options)
    return root


def mount_like_opensuse(filesystem: Btrfs, *, options: tuple[str, ...] = ()) -> Mounted[Subvolume]:
    """Mount a Btrfs with openSUSE's subvolumes, in which snapper keeps snapshots. Return the root.

    The root is `@/.snapshots/1/snapshot`, the default subvolume; `@/.snapshots` is at /.snapshots.
    Subvolumes of their own, which a snapshot leaves out, are /home, /opt, /root, /srv, /usr/local
    and /var. `options` are those of all mounts. Packages: none.
    """
    top = subvolume(filesystem, "@")
    snapshots = subvolume(top, ".snapshots")
    root = mount(subvolume(snapshots, "1/snapshot", default=True), options=options)
    mount(snapshots, "/.snapshots", on=root, options=options)
    for name in _APART:
        mount(subvolume(top, name), f"/{name}", on=root, options=options)
    return root
