# header: system

release = option("6.12", help="Version of the kernel.")


@step
def kernel() -> None:
    apt(system(), f"linux-image {release()}")  # E: 'linux-image 6.12' is not the name of a package
