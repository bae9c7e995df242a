# header: root

swap = flag(default=True, help="Make swap space.")


@step_if(swap)
def swap_space() -> Swap:
    return mkswap(mkpart(table(), size=MiB(512), type="swap"))


@step
def note() -> None:
    if swap_space:  # M: "if_step.swap_space" has type "Step[Swap | None]" which does not implement  # e: this is always true, whatever its value
        create_file(root(), "/etc/has-swap", "")
