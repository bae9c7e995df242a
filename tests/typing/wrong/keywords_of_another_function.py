# header: system


@step
def source() -> None:
    apt_source(system(), "extra", uris=["http://mirror.example/debian"], suites=["trixie"])  # M: Unexpected keyword argument "uris" for "apt_source"  # e: TypeError: apt_source() got an unexpected keyword argument 'uris'
