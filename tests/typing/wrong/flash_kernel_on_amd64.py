# header: system


@step
def boot() -> None:
    fstab(system())
    apt(system(), "linux-image-amd64", "flash-kernel")
    flash_kernel(system(), "Pine64 Rock64")  # E: flash-kernel for Pine64 Rock64 is not available for amd64
