# header: root

swap = flag(default=True, help="Make swap space.")


@step_if(swap)
def swap_space() -> Swap:
    return mkswap(mkpart(table(), size=MiB(512), type="swap"))


@step
def note() -> None:
    if swap_space:  # M: the step swap_space is not called, so it is always true  # e: this is always true, whatever its value
        create_file(root(), "/etc/has-swap", "")
