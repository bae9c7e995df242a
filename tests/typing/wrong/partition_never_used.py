# header: root


@step
def data() -> Partition:
    return mkpart(table(), size=GiB(1))  # E: this partition is never used


@step
def swap() -> Partition:
    """The file names another."""
    create_file(root(), "/etc/crypttab", "swap PARTLABEL=other /dev/urandom swap\n")
    return mkpart(table(), size=GiB(1), type="swap", label="swap")  # E: this partition is never used
