# header: imports

servers = {"a": 1}
port = servers["b"]  # E: KeyError: 'b'


@step
def disk() -> Disk:
    return mkimg(GiB(4))
