# header: system


@step
def unpacked() -> Fact:
    return path_exists(system(), "/srv/data")


@step
def unpack() -> None:
    if not unpacked():  # M: the Fact of unpacked() is known only while building  # e: a Fact is known only while building, so `if` cannot ask it
        chroot(system(), "tar -C /srv -xf /data.tar")
