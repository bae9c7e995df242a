"""What a system has of how it was made, and what neither an image nor a tarball is to carry."""

from __future__ import annotations

#: Patterns of paths without the first slash. What makes these again makes them different: indexes,
#: logs, caches, backups.
LEFTOVERS = (
    "etc/.pwd.lock",
    "run/*",
    "tmp/*",
    "var/cache/apt/*.bin",
    "var/cache/apt/archives/*.deb",
    "var/cache/debconf/*-old",
    "var/cache/ldconfig/aux-cache",
    "var/lib/apt/lists/*",
    "var/lib/dpkg/*-old",
    "var/lib/systemd/random-seed",
    "var/log/alternatives.log",
    "var/log/apt/*",
    "var/log/bootstrap.log",
    "var/log/dpkg.log",
    "var/log/fontconfig.log",
    "var/tmp/*",
)
