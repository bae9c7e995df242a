"""Console bytes, as machines sent them."""

import pytest

from vmdsl.boot.text import Cleaner, failure, last_lines

SYSTEMD = b"[\x1b[0;32m  OK  \x1b[0m] Reached target \x1b[0;1;39mgraphical.target\x1b[0m.\r\r\n"
CONTEXT = b"\x1b]3008;start=1;user=root\x1b\\$ \x1b[6n\x1b(B\x1b[?2004h\x1b7\xe2\x80\xa6\0\r\n"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_escapes_go_wherever_the_bytes_are_cut(size: int) -> None:
    data = SYSTEMD + CONTEXT
    cleaner = Cleaner()
    text = "".join(cleaner.feed(data[at : at + size]) for at in range(0, len(data), size))
    assert text == "[  OK  ] Reached target graphical.target.\n$ …\n"


def test_what_is_no_escape_stays() -> None:
    assert Cleaner().feed(b"50%\r100%\n\xff") == "50%\r100%\n\ufffd"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[    1.97] Kernel panic - not syncing: VFS: Unable to mount root\n", "kernel panicked"),
        ("error: unknown filesystem.\nEntering rescue mode...\ngrub rescue> ", "GRUB found"),
        ("lists possible command completions.\n\n\n\rgrub> ", "GRUB stopped"),
        ("Dropping to a shell!\n(initramfs) ", "initramfs"),
        ("Press Enter for maintenance\n(or press Control-D", "emergency"),
        ("Give root password for maintenance\n", "emergency"),
        ("Boot failed: not a bootable disk\n\nNo bootable device.\n", "BIOS"),
        (
            'BdsDxe: failed to load Boot0001 "UEFI Misc Device" from PciRoot(0x0): Access Denied\n',
            "Secure Boot",
        ),
        ("failed to load Boot0001: Not Found\n\n>>Start PXE over IPv4.\n", "UEFI"),
    ],
)
def test_a_failed_boot_is_seen(text: str, what: str) -> None:
    assert what in failure(f"Booting from Hard Disk...\n{text}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[    1.97] Kernel panic - not sync",
        "$ echo grub> file\n",
        "Finished grub-common.service\n",
        "a text about Kernel panic - not syncing\n",
    ],
)
def test_a_boot_that_goes_on(text: str) -> None:
    assert failure(text) == ""


def test_last_lines() -> None:
    assert last_lines("a\n\nb\n  \nc\n", 2) == "b\nc"
