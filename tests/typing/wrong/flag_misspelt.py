# header: table


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), flags=("legacy-boott",))))  # M: Argument "flags" to "mkpart" has incompatible type  # e: a partition of this table cannot have the flag 'legacy-boott'
