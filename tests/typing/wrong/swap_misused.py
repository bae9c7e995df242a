# header: table


@step
def swap() -> Swap:
    return mkswap(mkpart(table(), size=MiB(64)), label="swap", random_key=True)  # E: swap space with a random key, and with label=
