"""Specifications and recipes as Hypothesis makes them up: all are right, and none is likely."""

from __future__ import annotations

from pathlib import Path


def prepare(directory: Path) -> None:
    """Make the local files that these name."""
    (directory / "tree/below").mkdir(parents=True)
    for name in ("file", "it's", "tree/below/file", "ansible.cfg", "rootfs.tar", "ca.crt"):
        (directory / name).write_text("x", encoding="utf-8")
    (directory / "key.gpg").write_bytes(b"\x99\x01\x0d\x04")
    (directory / "a.deb").write_bytes(b"!<arch>\ndebian-binary   ")
    (directory / "play.yml").write_text("- hosts: all\n", encoding="utf-8")
