"""Turns a serial console's output into plain text, and recognizes failed boots in it."""

from __future__ import annotations

import codecs
import re

_ESCAPE = re.compile(
    r"""\x1b(?: \[[0-?]*[ -/]*[@-~]                  # colours, cursor, queries
              | \][^\x07\x1b\n]*(?:\x07|\x1b\\)      # titles, systemd's contexts
              | [PX^_][^\x1b\n]*\x1b\\
              | [ -/]+[0-~]                          # character sets
              | [0-OQ-WYZ\\`-~]
            )""",
    re.VERBOSE,
)
_UNFINISHED = re.compile(r"(?:\r+|\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b\n]*\x1b?|[ -/]*))\Z")
_LINE_END = re.compile(r"\r+\n")

_FAILURES = tuple(
    (re.compile(pattern, re.MULTILINE), what)
    for pattern, what in (
        (r"^(?:\[ *[\d.]+\] )?Kernel panic - not syncing.*\n", "The kernel panicked."),
        (r"^(?:.*\r)?grub rescue> ", "GRUB found neither its configuration nor its modules."),
        (r"^(?:.*\r)?grub> ", "GRUB stopped at its own command line."),
        (r"^ *\(initramfs\) ", "The initramfs did not find the root file system."),
        (
            r"^.*(?:Press Enter|Give root password) for maintenance",
            "systemd went into emergency mode.",
        ),
        (r"^Cannot open access to console, the root account is locked", "systemd stopped early."),
        (r"^No bootable device\.", "The BIOS found nothing to boot."),
        (
            r"^(?:.*\r)?BdsDxe: failed to load .*(?:Access Denied|Security Violation)",
            "Secure Boot refused the boot loader, which isn't signed.",
        ),
        (r"^(?:.*\r)?BdsDxe: No bootable option or device was found", "UEFI can boot nothing."),
        (r"^>>Start (?:PXE|HTTP Boot) over", "The UEFI firmware found no boot loader on the disk."),
        (r"^UEFI Interactive Shell", "The UEFI firmware found nothing to boot."),
    )
)


class Cleaner:
    """Turns bytes, in pieces of any size, into text without escapes and carriage returns."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def feed(self, data: bytes) -> str:
        """Return the text that is complete after these bytes."""
        text = self._rest + self._decoder.decode(data)
        unfinished = _UNFINISHED.search(text)
        end = unfinished.start() if unfinished else len(text)
        self._rest = text[end:]
        return _LINE_END.sub("\n", _ESCAPE.sub("", text[:end])).replace("\0", "")


def failure(text: str) -> str:
    """Return a sentence that says why the boot has failed, or "" if it has not visibly."""
    return next((what for pattern, what in _FAILURES if pattern.search(text)), "")


def last_lines(text: str, count: int = 20) -> str:
    """Return the last lines of a console's text, without empty ones."""
    return "\n".join([line for line in text.splitlines() if line.strip()][-count:])
