# header: system


@step
def other_board() -> None:
    add_u_boot(system(), Board.ROCK64, table().disk)  # E: rock64-rk3328 is a board of arm64, and this is a system of amd64


@step
def name() -> None:
    add_u_boot(system(), "rock64", table().disk)  # M: Argument 2 to "add_u_boot" has incompatible type "str"; expected "Board"  # e: add_u_boot() takes Board as board, not str
