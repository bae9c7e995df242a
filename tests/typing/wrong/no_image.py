# header: imports  # E: the recipe makes no disk image

size = option(GiB(4), help="Size of the image.")
