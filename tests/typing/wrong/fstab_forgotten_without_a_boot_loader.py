# header: system


@step
def swap() -> Swap:
    return mkswap(mkpart(table(), size=MiB(64), type="swap"))  # E: warning: no step writes /etc/fstab, so the system does not use swap
