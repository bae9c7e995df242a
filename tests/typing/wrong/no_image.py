# header: imports  # E: no step makes a disk image

size = option(GiB(4), help="Size of the image.")
