"""Runs a built image in QEMU and talks to its console."""
