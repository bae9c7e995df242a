"""Mount options: those of all filesystems, and those that only some kinds have."""

from __future__ import annotations

from collections.abc import Mapping

from vmdsl.similar import closest

#: What the kernel, mount(8) and systemd take for any filesystem; names with x- and X- besides.
_ALL = frozenset(
    (
        *("defaults", "ro", "rw", "sync", "async", "dirsync", "lazytime", "nolazytime"),
        *("atime", "noatime", "diratime", "nodiratime", "relatime", "norelatime", "strictatime"),
        *("nostrictatime", "dev", "nodev", "exec", "noexec", "suid", "nosuid", "symfollow"),
        *("nosymfollow", "mand", "nomand", "iversion", "noiversion", "silent", "loud"),
        *("auto", "noauto", "user", "nouser", "users", "nousers", "owner", "noowner", "group"),
        *("nogroup", "nofail", "comment", "_netdev", "discard", "nodiscard", "usrquota"),
        *("context", "fscontext", "defcontext", "rootcontext", "seclabel"),
        *("bind", "rbind", "private", "rprivate", "shared", "rshared", "slave", "rslave"),
        *("loop", "offset", "sizelimit", "helper", "uhelper", "verity.roothash"),
    )
)
_EXT = (
    *("acl", "noacl", "user_xattr", "nouser_xattr", "barrier", "nobarrier", "commit", "data"),
    *("data_err", "errors", "journal_checksum", "nojournal_checksum", "journal_async_commit"),
    *("journal_dev", "journal_path", "journal_ioprio", "noload", "norecovery", "delalloc"),
    *("nodelalloc", "auto_da_alloc", "noauto_da_alloc", "dioread_lock", "dioread_nolock"),
    *("stripe", "resuid", "resgid", "sb", "quota", "noquota", "grpquota", "prjquota", "usrjquota"),
    *("grpjquota", "jqfmt", "debug", "grpid", "nogrpid", "bsdgroups", "sysvgroups", "minixdf"),
    *("bsddf", "i_version", "inode_readahead_blks", "init_itable", "noinit_itable", "dax"),
    *("max_batch_time", "min_batch_time", "max_dir_size_kb", "nombcache", "mb_optimize_scan"),
    *("block_validity", "noblock_validity", "inlinecrypt", "test_dummy_encryption", "check"),
    *("nocheck", "orlov", "oldalloc", "reservation", "noreservation", "bh", "nobh", "nouid32"),
    *("prefetch_block_bitmaps", "no_prefetch_block_bitmaps", "mblk_io_submit", "abort"),
    *("nomblk_io_submit", "warn_on_error", "nowarn_on_error", "journal", "nocheck", "reserve"),
)
#: As in the kernel's documentation of each, up to Linux 6.12.
_OWN: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("ext2", "ext3", "ext4"), frozenset(_EXT)),
    "xfs": frozenset(
        (
            *("allocsize", "attr2", "noattr2", "barrier", "nobarrier", "dax", "grpid", "nogrpid"),
            *("bsdgroups", "sysvgroups", "filestreams", "ikeep", "noikeep", "inode32", "inode64"),
            *("largeio", "nolargeio", "logbufs", "logbsize", "logdev", "noalign", "norecovery"),
            *("nouuid", "quota", "noquota", "uquota", "uqnoenforce", "gquota", "grpquota"),
            *("gqnoenforce", "pquota", "prjquota", "pqnoenforce", "qnoenforce", "rtdev", "sunit"),
            *("swidth", "swalloc", "wsync", "lifetime", "nolifetime", "max_atomic_write"),
        )
    ),
    "btrfs": frozenset(
        (
            *("acl", "noacl", "autodefrag", "noautodefrag", "barrier", "nobarrier", "clear_cache"),
            *("commit", "compress", "compress-force", "nocompress", "datacow", "nodatacow"),
            *("datasum", "nodatasum", "degraded", "device", "enospc_debug", "noenospc_debug"),
            *("fatal_errors", "flushoncommit", "noflushoncommit", "fragment", "inode_cache"),
            *("noinode_cache", "nologreplay", "norecovery", "max_inline", "metadata_ratio"),
            *("recovery", "rescue", "rescan_uuid_tree", "skip_balance", "space_cache"),
            *("nospace_cache", "ssd", "nossd", "ssd_spread", "nossd_spread", "subvol"),
            *("subvolid", "thread_pool", "treelog", "notreelog", "usebackuproot"),
            *("user_subvol_rm_allowed",),
        )
    ),
    "f2fs": frozenset(
        (
            *("acl", "noacl", "user_xattr", "nouser_xattr", "background_gc", "norecovery"),
            *("disable_roll_forward", "discard_unit", "heap", "no_heap", "active_logs"),
            *("disable_ext_identify", "inline_xattr", "noinline_xattr", "inline_xattr_size"),
            *("inline_data", "noinline_data", "inline_dentry", "noinline_dentry", "flush_merge"),
            *("noflush_merge", "barrier", "nobarrier", "fastboot", "extent_cache", "errors"),
            *("noextent_cache", "age_extent_cache", "data_flush", "reserve_root", "resuid"),
            *("resgid", "mode", "io_bits", "fault_injection", "fault_type", "quota", "noquota"),
            *("grpquota", "prjquota", "usrjquota", "grpjquota", "prjjquota", "jqfmt"),
            *("alloc_mode", "fsync_mode", "test_dummy_encryption", "checkpoint", "memory"),
            *("checkpoint_merge", "nocheckpoint_merge", "compress_algorithm", "compress_mode"),
            *("compress_log_size", "compress_extension", "nocompress_extension", "inlinecrypt"),
            *("compress_chksum", "compress_cache", "atgc", "gc_merge", "nogc_merge", "nat_bits"),
            *("whint_mode",),
        )
    ),
    "vfat": frozenset(
        (
            *("uid", "gid", "umask", "dmask", "fmask", "allow_utime", "codepage", "iocharset"),
            *("utf8", "uni_xlate", "nonumtail", "usefree", "quiet", "check", "shortname", "tz"),
            *("time_offset", "debug", "flush", "rodir", "nfs", "errors", "dos1xfloppy"),
            *("sys_immutable", "showexec", "fat", "blocksize", "conv", "posix", "dots", "nodots"),
        )
    ),
}
#: The values that the kernel takes, of options that have one of a few.
_ON_ERRORS = {"errors": ("continue", "remount-ro", "panic")}
_COMPRESSED = ("zlib", "lzo", "zstd", "no", "none")
_OF_EXT = {"data": ("journal", "ordered", "writeback"), "data_err": ("ignore", "abort")}
_VALUES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    **{kind: {**_ON_ERRORS, **_OF_EXT} for kind in ("ext2", "ext3", "ext4")},
    **dict.fromkeys(("vfat", "f2fs"), _ON_ERRORS),
    "btrfs": dict.fromkeys(("compress", "compress-force"), _COMPRESSED),
}


def what_is_wrong(option: str, kind: str) -> tuple[str, str]:
    """Return the kind that an option belongs to if it isn't `kind`, and the one that was meant.

    Both are "" for an option that is known, or that is like no other.
    """
    name = option.partition("=")[0]
    own = _OWN.get(kind)
    value = option.partition("=")[2].partition(":")[0]
    values = _VALUES.get(kind, {}).get(name, ())
    if value and values and value not in values:
        near = closest(value, values)
        return "", " or ".join(f"{name}={one}" for one in ([near] if near else values))
    if own is None or name in _ALL or name in own or name.startswith(("x-", "X-")):
        return "", ""
    others = [other for other, names in _OWN.items() if name in names]
    if others:
        return "ext4" if "ext4" in others else others[0], ""
    return "", closest(name, _ALL | own)
