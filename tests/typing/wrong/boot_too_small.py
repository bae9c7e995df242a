# header: system


@step
def boot() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=MiB(40))), "/boot", on=root())


@step
def packages() -> None:
    apt(system(), "linux-image-cloud-amd64")
    apt(system(), "linux-image-amd64", "curl")  # E: warning: linux-image-amd64 takes about 43 MiB with its initramfs, and /boot has 40 MiB


@step
def mounts() -> None:
    fstab(system())
