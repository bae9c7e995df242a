# header: root


@step
def bios_boot() -> Partition:
    return mkpart(table(), size=MiB(1), type="bios-boot")  # E: this partition is never used
