# header: system


@step
def packages() -> None:
    apt_source(system(), "deb http://acme.example stable main")  # M: Argument 2 to "apt_source" has incompatible type "str"; expected "Source"  # e: 
