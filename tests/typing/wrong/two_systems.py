# header: system


@step
def again() -> RootFs:
    return debootstrap(root(), suite="bookworm")  # E: root holds a system already
