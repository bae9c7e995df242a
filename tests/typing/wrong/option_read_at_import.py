# header: imports

size = option(GiB(4), help="Size of the image.")
half = size().bytes // 2  # E: the option is read outside a step; put it into a function with @step
