"""What boards look for: U-Boot itself, byte for byte, and the menu that it shows."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from vmdsl_stdlib import Board

pytestmark = pytest.mark.integration

MIB = 2**20
FOLDER = "/usr/lib/u-boot"


def build(user: Any, recipe: str, image: Path, *options: str | Path) -> Path:
    done = user.build(user.checkout / recipe, "--output", image, *options, timeout=3600)
    assert done.returncode == 0, done.stdout
    return image


def read(image: Path, start: int, path: str, into: Path) -> bytes:
    """Return the content of a file of the filesystem that starts at a byte of an image."""
    request = ["/sbin/debugfs", "-R", f"dump {path} {into}", f"{image}?offset={start}"]
    subprocess.run(request, capture_output=True, check=True)
    return into.read_bytes()


def at(image: Path, offset: int, size: int) -> bytes:
    with image.open("rb") as file:
        file.seek(offset)
        return file.read(size)


def same_bytes(image: Path, root: int, board: Board, places: Sequence[int], into: Path) -> None:
    """Compare the pieces of U-Boot in an image with the files of its package."""
    for piece, place in zip(board.family.pieces, places, strict=True):
        wanted = read(image, root, f"{FOLDER}/{board}/{piece.file}", into / "piece")
        assert len(wanted) > 10_000
        assert at(image, place, len(wanted)) == wanted, piece.file


@pytest.fixture(scope="module")
def card(user: Any, base: Any, host_mirror: str) -> Path:
    image = user.folder("card") / "card.img"
    options = ("--tarball", base.tarball, "--mirror", host_mirror)
    return build(user, "tests/integration/recipes/u_boot.py", image, *options)


def test_u_boot_is_where_the_board_looks_for_it(card: Path, tmp_path: Path) -> None:
    same_bytes(card, 80 * MIB, Board.ORANGEPI_ZERO, [8 * 1024], tmp_path)


def test_the_menu_is_written_again_in_the_running_system(card: Path, tmp_path: Path) -> None:
    settings = read(card, 80 * MIB, "/etc/u-boot-menu/conf.d/50-vmdsl.conf", tmp_path / "conf")
    menu = read(card, 16 * MIB, "/extlinux/extlinux.conf", tmp_path / "menu").decode()
    root = settings.decode().partition("\n")[0].split('"')[1]
    assert root.startswith("root=UUID=")
    assert f"\tappend {root} ro panic=10\n" in menu
    assert "\tlinux /vmlinuz-9.9-armmp\n" in menu
    request = ["/sbin/debugfs", "-R", "ls /etc/u-boot-menu/conf.d", f"{card}?offset={80 * MIB}"]
    left = subprocess.run(request, capture_output=True, text=True, check=True).stdout
    assert "99-build" not in left


def test_the_board_starts_u_boot_which_shows_the_menu(card: Path) -> None:
    wanted = "Retrieving file: /vmlinuz-9.9-armmp"
    command = [
        *("qemu-system-arm", "-machine", "orangepi-pc", "-nographic", "-no-reboot"),
        *("-nic", "none", "-drive", f"if=sd,format=raw,snapshot=on,file={card}"),
    ]
    said = ""
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as qemu:
        assert qemu.stdout
        watch = Timer(120, qemu.kill)
        watch.start()
        for line in qemu.stdout:
            said += line.decode(errors="replace")
            if wanted in said or "=> " in said:
                break
        watch.cancel()
        qemu.kill()
    assert "Model: Xunlong Orange Pi Zero" in said
    assert "Found /extlinux/extlinux.conf" in said
    assert "Debian GNU/Linux 12 (bookworm) 9.9-armmp" in said
    assert wanted in said


@pytest.mark.long
def test_flash_kernel_makes_the_script_of_a_board(
    user: Any, host_mirror: str, tmp_path: Path
) -> None:
    image = user.folder("flash-kernel") / "card.img"
    build(user, "tests/integration/recipes/flash_kernel.py", image, "--mirror", host_mirror)
    script = read(image, MIB, "/boot/boot.scr", tmp_path / "script")
    assert script.startswith(b"\x27\x05\x19\x56")  # an image of mkimage
    text = script.decode(errors="replace")
    shown = subprocess.run(
        ["/sbin/blkid", "-p", "-O", str(MIB), "-o", "value", "-s", "UUID", image],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert f"root=UUID={shown} ro panic=10 quiet" in text
    assert "9.9-arm64" in text
    assert read(image, MIB, "/etc/flash-kernel/machine", tmp_path / "m") == b"Pine64 Rock64\n"
    copied = "/boot/dtbs/9.9-arm64/rockchip/rk3328-rock64.dtb"
    assert read(image, MIB, copied, tmp_path / "tree") == b"not a device tree\n"


@pytest.mark.long
@pytest.mark.parametrize("board", [Board.ROCK64, Board.ORANGEPI_ZERO])
def test_a_card_with_debian(user: Any, host_mirror: str, board: Board, tmp_path: Path) -> None:
    image = user.folder(board) / "board.img"
    build(user, "recipes/board.py", image, "--board", board, "--mirror", host_mirror)
    places = [piece.offset.bytes for piece in board.family.pieces if piece.offset]
    same_bytes(image, 16 * MIB, board, places, tmp_path)
    menu = read(image, 16 * MIB, "/boot/extlinux/extlinux.conf", tmp_path / "menu").decode()
    assert "\tinitrd /boot/initrd.img-" in menu
    assert "\tfdtdir /usr/lib/linux-image-" in menu


@pytest.mark.long
def test_a_card_with_debian_for_risc_v(user: Any, host_mirror: str, tmp_path: Path) -> None:
    image = user.folder("visionfive2") / "board.img"
    build(user, "recipes/visionfive2.py", image, "--mirror", host_mirror)
    same_bytes(image, 7 * MIB, Board.VISIONFIVE2, [MIB, 3 * MIB], tmp_path)
    menu = read(image, 7 * MIB, "/boot/extlinux/extlinux.conf", tmp_path / "menu").decode()
    assert "\tlinux /boot/vmlinux-" in menu
