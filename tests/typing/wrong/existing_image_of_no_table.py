# header: imports

"""An image without a partition table, and one of another format."""


@step
def disk() -> Disk:
    return mkimg(from_image="existing_image_of_no_table.py")  # E: it has no partition table
