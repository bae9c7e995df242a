# header: system

name = option("pc", help="The hostname.")
uefi = flag(default=True, help="UEFI.")


@step
def first() -> None:
    if name == "pc":  # M: Non-overlapping equality check (left operand type: "Option[str]"
        chroot(system(), "true")


@step
def second() -> None:
    if uefi == True:  # M: Non-overlapping equality check (left operand type: "Flag"
        chroot(system(), "true")


@step
def third() -> None:
    create_file(system(), "/etc/motd", name + "\n")  # M: Unsupported left operand type for +  # e: TypeError


@step
def fourth() -> None:
    create_file(system(), "/etc/issue", name.upper())  # M: "Option[str]" has no attribute "upper"  # e: AttributeError
