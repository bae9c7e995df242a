"""Root filesystems as tarballs: written, unpacked, and never outside the tree."""

from __future__ import annotations

import filecmp
import io
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from users import User

pytestmark = pytest.mark.integration

Make = Callable[[tarfile.TarFile], None]


def member(name: str, kind: bytes = tarfile.REGTYPE, **about: Any) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.mode, made.mtime = kind, 0o755, 1_600_000_000
    for key, value in about.items():
        setattr(made, key, value)
    return made


def add(tar: tarfile.TarFile, name: str, content: bytes = b"", **about: Any) -> None:
    tar.addfile(member(name, size=len(content), **about), io.BytesIO(content))


def write(path: Path, *makers: Make) -> Path:
    """A tarball with the start of a system, and what the makers add."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(member("./usr", tarfile.DIRTYPE))
        for make in makers:
            make(tar)
    path.chmod(0o644)
    return path


def names(tarball: Path) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(tarball) as tar:
        return {m.name: m for m in tar.getmembers()}


def build(user: User, tarball: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    recipe = user.checkout / "tests/integration/recipes/from_tarball.py"
    return user.build(
        recipe,
        *("--output", folder / "from.img", "--tarball", tarball, "--copy", folder / "copy.tar"),
    )


def test_a_system_from_its_tarball_is_the_same(user: Any, base: Any) -> None:
    recipe = user.checkout / "tests/integration/recipes/base.py"
    again = user.folder("again") / "again.img"
    done = user.build(recipe, "--output", again, "--tarball", base.tarball)
    assert done.returncode == 0, done.stdout
    assert filecmp.cmp(again, base.image, shallow=False)


def test_a_tarball_of_a_tarball_is_the_same(user: Any, base: Any, root_user: Any) -> None:
    for someone in (user, root_user):
        folder = someone.folder("copy")
        done = build(someone, base.tarball, folder)
        assert done.returncode == 0, done.stdout
        assert filecmp.cmp(folder / "copy.tar", base.tarball, shallow=False)
        assert {p.name for p in folder.iterdir()} == {"copy.tar", "from.img"}


def test_the_tarball_holds_what_the_tree_held(base: Any) -> None:
    found = names(base.tarball)
    assert found["./srv/nasty/two\nlines"].isreg()
    hard = found["./srv/nasty/hard"]
    assert (hard.uid, hard.gid, hard.mode) == (1234, 65534, 0o4751)
    assert found["./srv/nasty/link"].islnk()
    assert found["./srv/nasty/absolute"].linkname == "/etc/passwd"
    assert found["./srv/nasty/old"].mtime == 946684799
    assert found["./srv/nasty/fifo"].isfifo()
    assert not [name for name in found if name.startswith(("./var/lib/apt/lists/", "./dev/"))]
    assert "./etc/resolv.conf" not in found
    assert "./usr/sbin/policy-rc.d" not in found


@pytest.mark.parametrize("ending", ["gz", "bz2", "xz", "zst"])
def test_compressed_tarballs(user: Any, ending: str) -> None:
    folder = user.folder("compressed")
    plain = write(folder / "rootfs.tar", lambda tar: add(tar, "./usr/file", b"content"))
    tools = {"gz": "gzip", "bz2": "bzip2", "xz": "xz", "zst": "zstd"}
    subprocess.run([tools[ending], "--quiet", "--keep", plain], check=True)
    done = build(user, folder / f"rootfs.tar.{ending}", folder)
    assert done.returncode == 0, done.stdout
    assert "./usr/file" in names(folder / "copy.tar")


def test_what_a_tarball_may_hold(user: Any) -> None:
    """Device nodes are left out; capabilities and ACLs come through."""
    capability = "\x01\x00\x00\x02\x00 \x00\x00" + "\x00" * 12
    folder = user.folder("tarball")

    def nodes(tar: tarfile.TarFile) -> None:
        tar.addfile(member("./dev", tarfile.DIRTYPE))
        tar.addfile(member("./dev/null", tarfile.CHRTYPE, devmajor=1, devminor=3))
        tar.addfile(member("./dev/sda", tarfile.BLKTYPE, devmajor=8))
        xattrs = {"SCHILY.xattr.security.capability": capability, "SCHILY.xattr.user.a": "ü"}
        add(tar, "./usr/ping", b"x", pax_headers=xattrs, uid=12, gid=34)

    done = build(user, write(folder / "rootfs.tar", nodes), folder)
    assert done.returncode == 0, done.stdout
    found = names(folder / "copy.tar")
    assert set(found) == {".", "./usr", "./dev", "./usr/ping"}
    ping = found["./usr/ping"]
    assert (ping.uid, ping.gid, ping.mtime) == (12, 34, 1_600_000_000)
    assert ping.pax_headers["SCHILY.xattr.user.a"] == "ü"
    assert ping.pax_headers["SCHILY.xattr.security.capability"] == capability


def test_nothing_of_a_tarball_lands_outside_the_tree(user: Any, root_user: Any) -> None:
    for someone in (user, root_user):
        folder = someone.folder("hostile")
        canary = someone.file(folder / "canary", "alive")

        def hostile(tar: tarfile.TarFile, folder: Path = folder, canary: Path = canary) -> None:
            add(tar, f"{folder}/absolute", b"bad")
            add(tar, f"{'../' * 20}{folder}/dots", b"bad")
            tar.addfile(member("./out", tarfile.SYMTYPE, linkname=str(folder)))
            add(tar, "./out/through", b"bad")
            add(tar, "./out/canary", b"bad")
            tar.addfile(member("./srv", tarfile.DIRTYPE))
            tar.addfile(member("./inside", tarfile.SYMTYPE, linkname="/srv"))
            add(tar, "./inside/through", b"good")
            tar.addfile(member("./usr/host", tarfile.SYMTYPE, linkname=str(canary)))
            tar.addfile(member("./usr/up", tarfile.SYMTYPE, linkname=f"{'../' * 20}{folder}"))
            add(tar, "./usr/up/through", b"bad")

        done = build(someone, write(folder / "rootfs.tar", hostile), folder)
        assert done.returncode == 0, done.stdout
        assert canary.read_text() == "alive"
        there = {p.name for p in folder.iterdir()}
        assert there == {"canary", "rootfs.tar", "copy.tar", "from.img"}
        assert "./srv/through" in names(folder / "copy.tar")


def test_a_hard_link_never_takes_a_file_of_the_host(user: Any) -> None:
    folder = user.folder("link")
    canary = user.file(folder / "canary", "alive")
    tarball = write(
        folder / "rootfs.tar",
        lambda tar: tar.addfile(member("./usr/link", tarfile.LNKTYPE, linkname=str(canary))),
    )
    done = build(user, tarball, folder)
    assert done.returncode == 5
    assert "rootfs.tar could not be unpacked" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"this is no tarball", "rootfs.tar could not be unpacked"),
        (b"", "rootfs.tar could not be unpacked"),
    ],
)
def test_no_tarball(user: Any, content: bytes, said: str) -> None:
    folder = user.folder("none")
    (folder / "rootfs.tar").write_bytes(content)
    done = build(user, folder / "rootfs.tar", folder)
    assert done.returncode == 5
    assert said in done.stdout
    assert "Traceback" not in done.stdout
    assert not (folder / "copy.tar").exists()


def test_a_tarball_without_a_system(user: Any) -> None:
    folder = user.folder("none")
    with tarfile.open(folder / "rootfs.tar", "w") as tar:
        add(tar, "etc/motd", b"Hello")
    done = build(user, folder / "rootfs.tar", folder)
    assert done.returncode == 5
    assert "it does not hold a system" in done.stdout


def test_a_cut_tarball(user: Any, base: Any) -> None:
    folder = user.folder("cut")
    (folder / "rootfs.tar").write_bytes(base.tarball.read_bytes()[: 50 * 2**20])
    done = build(user, folder / "rootfs.tar", folder)
    assert done.returncode == 5
    assert "rootfs.tar could not be unpacked" in done.stdout
