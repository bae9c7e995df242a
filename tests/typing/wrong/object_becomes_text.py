# header: system


class Host:
    name = "debian"

    def address(self) -> str:
        return "192.0.2.1"


@step
def of_a_class() -> None:
    create_file(system(), "/etc/host", f"{Host()}\n")  # E: the text has the address of an object in memory: <Host object>


@step
def of_a_generator() -> None:
    create_file(system(), "/etc/letters", str(letter for letter in "ab"))  # E: the text has the address of an object in memory: <generator object


@step
def of_a_method() -> None:
    create_file(system(), "/etc/address", f"{Host().address}\n")  # E: the text has the address of an object in memory: <bound method Host.address of <Host object>>
