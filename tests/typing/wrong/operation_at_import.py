# header: imports

disk = mkimg(GiB(4))  # E: an operation is called outside a step; put it into a function with @step
