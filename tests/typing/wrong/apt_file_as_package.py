# header: system


@step
def packages() -> None:
    apt(system(), "files/acme_1.0_all.deb")  # E: 'files/acme_1.0_all.deb' is not the name of a package
