"""The properties of a kind of filesystem and of its tool, for rules, operations and the builder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class ToolOptions:
    """The options that the tool of a filesystem knows, in Debian 12 and 13.

    `short` and `long` are in the form of Python's getopt. The values of an option in `words`, such
    as `-E`, are words with commas between, each of which may have a value of its own. `values` has
    patterns of the values of others.
    """

    short: str
    long: tuple[str, ...] = ()
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Traits:
    """The properties of a kind of filesystem, for rules, operations and the builder.

    The defaults are those of most kinds.
    """

    #: In bytes.
    longest_label: int
    tool_options: ToolOptions
    #: Options of its tool that take a label and a UUID.
    label_option: str = "-L"
    uuid_option: str = "-U"
    #: Further options that are refused, each with what to do instead; vmdsl decides on the others.
    refused: Mapping[str, str]
    #: The option of its tool with the size of its blocks, which may not be less than a sector.
    block_option: str = ""
    #: Other names that `mkfs` has for it.
    aliases: tuple[str, ...] = ()
    #: What its tools print where it is full; any of them may say "No space left on device".
    no_room: tuple[str, ...] = ()
    #: The smallest size that its tools make, in bytes; 0 where they make any.
    least: int = 0
    #: The largest one; 0 where no file could be as large.
    most: int = 0
    #: GRUB's module that reads it, and GRUB's name for it.
    grub_module: str = ""
    #: Whether Debian's kernel for clouds reads it.
    in_cloud_kernel: bool = True
    #: Whether systemd-growfs can grow it while it is mounted.
    can_grow: bool = False
    #: Whether its files have owners and permissions, and can be symlinks.
    has_owners: bool = True
    #: Whether fsck looks at it at boot, or leaves that to the kernel.
    is_checked: bool = True
    #: Whether a root must be writable from the start: the kernel parameter rw.
    starts_writable: bool = False
    #: Whether UEFI firmware reads it.
    is_read_by_firmware: bool = False
    #: Whether U-Boot reads it, as Debian builds it.
    is_read_by_u_boot: bool = False
    #: Options of mount where the recipe gives none; the root may have others.
    usual_options: str = "defaults"
    root_options: str = ""


@dataclass(frozen=True, kw_only=True)
class SizeLimits:
    """The sizes that a filesystem can have, in bytes; `most` is 0 where there is no limit.

    `name` is what it is called in messages, and `otherwise` is another way than another size.
    """

    name: str
    least: int = 0
    most: int = 0
    otherwise: str = ""
