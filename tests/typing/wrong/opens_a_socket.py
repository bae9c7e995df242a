# header: imports

import socket


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def address() -> None:
    socket.create_connection(("127.0.0.1", 80))  # E: the recipe uses the network
