"""Every step of vmdb2, with all its keys, their types, and their old names.

A step is a dataclass: its first field is the key that names it, a field without a default is
required, and the type of a field is what vmdb2 accepts. `Key` has old names, and those that Python
does not allow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Self

from vmdsl.errors import Where
from vmdsl.vmdb2.text import Text

#: Values in mappings that vmdb2 passes on as they are.
Data = Text | bool | int | list[Any] | dict[str, Any]


class Key(tuple[str, ...]):
    """The names of a key in YAML: today's, and those that it had."""

    __slots__ = ()

    def __new__(cls, *names: str) -> Self:
        """Hold the names, today's first."""
        return super().__new__(cls, names)


@dataclass(frozen=True, kw_only=True)
class SpecStep:
    """A step as it stands in the file.

    `comments` are those above and in it, without their marks; `places` are those of its keys, by
    the names of fields here.
    """

    where: Where
    comments: tuple[str, ...] = ()
    places: Mapping[str, Where]
    unless: tuple[Text, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Mkimg(SpecStep):
    """An image file."""

    mkimg: Text
    size: Text


@dataclass(frozen=True, kw_only=True)
class Mklabel(SpecStep):
    """A partition table."""

    mklabel: Text
    device: Text


@dataclass(frozen=True, kw_only=True)
class Mkpart(SpecStep):
    """A partition. Without a tag, its tag is None."""

    mkpart: Text
    device: Text
    start: Text
    end: Text
    tag: Annotated[Text | None, Key("tag", "part-tag")] = None
    fs_type: Annotated[Text | None, Key("fs-type")] = None


@dataclass(frozen=True, kw_only=True)
class SetPartFlag(SpecStep):
    """A flag of a partition."""

    set_part_flag: Text
    tag: Text
    flag: Text
    state: Text | None = None


@dataclass(frozen=True, kw_only=True)
class Kpartx(SpecStep):
    """Device nodes for partitions, in the order of their tags."""

    kpartx: Text
    tags: tuple[Text, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Mkfs(SpecStep):
    """A filesystem. `fs_tag` was once another tag for it."""

    mkfs: Text
    partition: Text
    label: Text | None = None
    options: Text | None = None
    target_old: bool = False
    fs_tag: Annotated[Text | None, Key("fs-tag")] = None


@dataclass(frozen=True, kw_only=True)
class Mount(SpecStep):
    """A filesystem at its place. `fs_tag` was once another tag for it."""

    mount: Text
    dirname: Text | None = None
    mount_on: Annotated[Text | None, Key("mount-on")] = None
    zerofree: bool = True
    keep_resolvconf: bool = False
    fs_tag: Annotated[Text | None, Key("fs-tag")] = None


@dataclass(frozen=True, kw_only=True)
class VirtualFilesystems(SpecStep):
    """/proc and its like."""

    tag: Annotated[Text, Key("virtual-filesystems", "mount-virtual-filesystems")]


@dataclass(frozen=True, kw_only=True)
class Vgcreate(SpecStep):
    """A volume group of LVM."""

    vgcreate: Text
    physical: tuple[Text, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Lvcreate(SpecStep):
    """A logical volume; its name is its tag."""

    lvcreate: Text
    name: Text
    size: Text


@dataclass(frozen=True, kw_only=True)
class Lvscan(SpecStep):
    """The logical volumes of a group that is there."""

    lvscan: Text
    tags: tuple[Text, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Cryptsetup(SpecStep):
    """Encryption with LUKS. `name` was called `tag` until 0.26."""

    cryptsetup: Text
    name: Annotated[Text, Key("name", "tag")]
    password: Text | None = None
    key_file: Annotated[Text | None, Key("key-file")] = None
    key_cmd: Annotated[Text | None, Key("key-cmd")] = None


@dataclass(frozen=True, kw_only=True)
class Debootstrap(SpecStep):
    """A minimal Debian."""

    debootstrap: Annotated[Text, Key("debootstrap", "qemu-debootstrap")]
    target: Text
    mirror: Text
    arch: Text | None = None
    keyring: Text | None = None
    install_keyring: bool = False
    variant: Text | None = None
    components: tuple[Text, ...] = ()
    include: tuple[Text, ...] = ()
    exclude: tuple[Text, ...] = ()
    require_empty_target: bool = True
    tls_ca_certs: tuple[Text, ...] = ()


@dataclass(frozen=True, kw_only=True)
class UnpackRootfs(SpecStep):
    """The tarball of the root filesystem, if there is one."""

    tag: Annotated[Text, Key("unpack-rootfs")]


@dataclass(frozen=True, kw_only=True)
class CacheRootfs(SpecStep):
    """Writes that tarball."""

    tag: Annotated[Text, Key("cache-rootfs")]
    options: Text | None = None
    force: bool = False


@dataclass(frozen=True, kw_only=True)
class Apt(SpecStep):
    """Packages. `apt` is `install`, or, as it was once, a package."""

    apt: Text
    packages: tuple[Text, ...] = ()
    tag: Annotated[Text | None, Key("tag", "fs-tag")] = None
    clean: bool = True
    recommends: bool = True


@dataclass(frozen=True, kw_only=True)
class Fstab(SpecStep):
    """/etc/fstab."""

    tag: Annotated[Text, Key("fstab")]


@dataclass(frozen=True, kw_only=True)
class ResizeRootfs(SpecStep):
    """The root filesystem fills the disk when the system starts."""

    tag: Annotated[Text, Key("resize-rootfs")]


@dataclass(frozen=True, kw_only=True)
class Grub(SpecStep):
    """The boot loader. `root_part` was once the root's partition."""

    grub: Text
    tag: Annotated[Text | None, Key("tag", "root-fs")] = None
    efi: Annotated[Text | None, Key("efi", "efi-part")] = None
    prep: Text | None = None
    console: Text | None = None
    image_dev: Annotated[Text | None, Key("image-dev", "device")] = None
    root_part: Annotated[Text | None, Key("root-part")] = None
    quiet: bool = False
    timeout: int = 0
    kernel_params: Annotated[tuple[Text, ...] | None, Key("kernel-params")] = None


@dataclass(frozen=True, kw_only=True)
class Chroot(SpecStep):
    """A script in the system."""

    chroot: Text
    shell: Text


@dataclass(frozen=True, kw_only=True)
class Shell(SpecStep):
    """A script on this machine."""

    shell: Text
    root_fs: Annotated[Text, Key("root-fs")]


@dataclass(frozen=True, kw_only=True)
class CreateFile(SpecStep):
    """A file whose content stands here."""

    path: Annotated[Text, Key("create-file")]
    contents: Text
    perm: int = 0o644
    uid: int = 0
    gid: int = 0


@dataclass(frozen=True, kw_only=True)
class CreateDir(SpecStep):
    """A directory."""

    path: Annotated[Text, Key("create-dir")]
    perm: int = 0o755
    uid: int = 0
    gid: int = 0


@dataclass(frozen=True, kw_only=True)
class CopyFile(SpecStep):
    """A file of this machine."""

    path: Annotated[Text, Key("copy-file")]
    src: Text
    perm: int = 0o644
    uid: int = 0
    gid: int = 0


@dataclass(frozen=True, kw_only=True)
class CopyDir(SpecStep):
    """A directory of this machine."""

    path: Annotated[Text, Key("copy-dir")]
    src: Text
    perm: int = 0o755
    umask: int = 0o022
    uid: int = 0
    gid: int = 0
    user: Text | None = None
    group: Text | None = None


@dataclass(frozen=True, kw_only=True)
class Ansible(SpecStep):
    """A playbook."""

    tag: Annotated[Text, Key("ansible")]
    playbook: Text
    group: Text | None = None
    tags: Text | None = None
    config_file: Text | None = None
    extra_vars: Mapping[str, Data] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Echo(SpecStep):
    """A line that is printed."""

    echo: Text
    teardown: Text | None = None


@dataclass(frozen=True, kw_only=True)
class Error(SpecStep):
    """Ends the build."""

    error: Text
    teardown: Text


@dataclass(frozen=True, kw_only=True)
class Zerofree(SpecStep):
    """Zeros in free blocks, which `mount` makes. It was never released, so `STEPS` lacks it."""


STEPS: tuple[type[SpecStep], ...] = (
    Mkimg,
    Mklabel,
    Mkpart,
    SetPartFlag,
    Kpartx,
    Mkfs,
    Mount,
    VirtualFilesystems,
    Vgcreate,
    Lvcreate,
    Lvscan,
    Cryptsetup,
    Debootstrap,
    UnpackRootfs,
    CacheRootfs,
    Apt,
    Fstab,
    ResizeRootfs,
    Grub,
    Chroot,
    Shell,
    CreateFile,
    CreateDir,
    CopyFile,
    CopyDir,
    Ansible,
    Echo,
    Error,
)


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A specification that was read. `comments` are those above all steps, and below them."""

    steps: tuple[SpecStep, ...]
    comments: tuple[str, ...] = ()
    closing: tuple[str, ...] = ()
