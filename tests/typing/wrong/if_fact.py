# header: system


@step
def unpacked() -> Fact:
    return path_exists(system(), "/srv/data")


@step
def unpack() -> None:
    if not unpacked():  # M: "if_fact.unpacked" returns "Fact" which does not implement __bool__ or  # e: a Fact is known only while building, so `if` cannot ask it
        chroot(system(), "tar -C /srv -xf /data.tar")
