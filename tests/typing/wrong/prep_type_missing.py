# header: system


@step
def prep() -> Partition:
    return mkpart(table(), size=MiB(8))


@step
def boot() -> None:
    apt(system(), "linux-image-amd64", "grub-ieee1275")
    grub_ieee1275(system(), prep())  # E: firmware won't look at prep, of the type linux
