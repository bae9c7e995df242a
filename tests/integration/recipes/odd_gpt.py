"""A GPT with partitions at odd places, of odd types, and with all flags; no system is in it."""

from uuid import UUID

from vmdsl import (
    Ext4,
    Gpt,
    MiB,
    Mounted,
    Partition,
    Percent,
    Swap,
    create_file,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mkswap,
    mount,
    position,
    sectors,
    step,
)

SPL = UUID("2e54b353-1271-4842-806f-e436d6af6985")


@step
def table() -> Gpt:
    return mkgpt(mkimg(MiB(500)))


@step
def spl() -> Partition:
    return mkpart(table(), start=sectors(64), size=sectors(99), type=SPL, label="spl")


@step
def environment() -> Partition:
    return mkpart(table(), start=sectors(16384), end=position("9MiB"), type="u-boot-env")


@step
def every_flag() -> Partition:
    return mkpart(
        table(),
        start=Percent(3),
        end=Percent(7.5),
        type="lvm",
        label='a "name" \\ ünï',
        flags=(
            *("required", "no-block-io", "legacy-boot"),
            *("grow-file-system", "read-only", "hidden", "no-automount"),
            *(48, 55),
        ),
    )


@step
def root() -> Mounted[Ext4]:
    partition = mkpart(table(), type="root-arm64", label="root")
    return mount(mkext4(partition, label="root"), options=("noatime",))


@step
def swap() -> Swap:
    return mkswap(mkpart(table(), size=MiB(20), type="swap"))


@step
def last() -> Partition:
    return mkpart(table(), start=-MiB(50), end=-sectors(33), type="luks")


@step
def content() -> None:
    create_file(root(), "/etc/hostname", "odd\n")
