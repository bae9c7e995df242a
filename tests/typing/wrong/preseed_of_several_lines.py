# header: system


@step
def packages() -> None:
    preseed(  # E: is not an answer
        system(),
        """
        tzdata tzdata/Areas select Europe
        tzdata tzdata/Zones/Europe select Berlin
        """,
    )
