# header: system


@step
def swap() -> SwapFile:
    return mkswapfile(root(), size=MiB(1000))  # E: so the system does not use swap
