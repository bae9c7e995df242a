"""Running a built image in QEMU and talking to its console."""
