# header: root

"""A filesystem that is made anew has no system."""


@step
def system() -> RootFs:
    return existing_system(root())  # E: root is made anew, so there is no system on it
