# header: system


@step
def table_of_mounts() -> None:
    fstab(system(), by="uid")  # M: Argument "by" to "fstab" has incompatible type "Literal['uid']"  # e: by='uid' is not known
