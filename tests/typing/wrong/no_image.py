# header: imports  # E: no step makes a disk image

SIZE = GiB(4)
