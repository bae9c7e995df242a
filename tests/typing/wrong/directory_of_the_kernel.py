# header: system
@step
def last() -> None:
    copy_tree(system(), "/proc", "/srv/machine")  # E: /proc holds no files: the kernel makes them up when they are read
    copy_tree(system(), "/sys/kernel", "/srv/kernel")  # E: /sys/kernel holds no files
