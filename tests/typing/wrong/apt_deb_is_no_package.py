# header: system


@step
def packages() -> None:
    apt(system(), debs=["files/text.deb"])  # E: files/text.deb is not a Debian package
