"""The tarballs of the real vmdb2 are read here, and ours there."""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest

from bench import kpartx
from users import IS_ROOT

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not IS_ROOT, reason="vmdb2 runs as root alone, and this run is not root's"),
]

_START = "import vmdb; vmdb.Vmdb2(version=vmdb.__version__).run()"
#: The tarball is unpacked and, although it is there, written anew. Root makes a device node.
SPECIFICATION = """\
steps:
  - mkimg: "{{ output }}"
    size: 1G
  - mklabel: msdos
    device: "{{ output }}"
  - mkpart: primary
    device: "{{ output }}"
    start: 0%
    end: 100%
    tag: root
  - kpartx: "{{ output }}"
  - mkfs: ext4
    partition: root
  - mount: root
  - unpack-rootfs: root
  - shell: |
      mknod -m 666 "$ROOT/dev/null" c 1 3 || true
    root-fs: root
  - cache-rootfs: root
    force: true
"""


def content(tarball: Path) -> dict[str, tuple[object, ...]]:
    """All that a tarball holds, by name; a hard link is what it leads to.

    Directories have no times: any change in them, even one that is undone, gives them another.
    """
    with tarfile.open(tarball) as tar:
        found: dict[str, tuple[object, ...]] = {}
        for member in tar:
            real = tar.getmember(member.linkname) if member.islnk() else member
            owner = (real.uid, real.gid, real.mode)
            link = real.linkname if real.issym() else ""
            changed = 0 if real.isdir() else int(real.mtime)
            found[member.name.rstrip("/")] = (real.type, *owner, real.size, link, changed)
    return found


def without(found: dict[str, tuple[object, ...]], *names: str) -> dict[str, tuple[object, ...]]:
    return {name: about for name, about in found.items() if name not in names}


def test_each_reads_what_the_other_wrote(vmdb2: Any, user: Any, base: Any) -> None:
    folder = user.folder("exchange")
    file = user.file(folder / "exchange.vmdb", SPECIFICATION)
    tarball = Path(shutil.copy(base.tarball, folder / "rootfs.tar"))
    ours = content(tarball)

    more = {"PATH": f"/usr/local/sbin:/usr/sbin:/sbin:{os.environ['PATH']}"}
    if kpartx.is_needed():
        kpartx.install(folder / "bin")
        more["PATH"] = f"{folder}/bin:{more['PATH']}"
    options = ("--output=vmdb2.img", "--rootfs-tarball=rootfs.tar")
    vmdb2.run("-c", _START, file.name, *options, cwd=folder, more=more)
    theirs = content(tarball)
    assert theirs["./dev/null"][0] == tarfile.CHRTYPE
    there = ("./lost+found", "./dev/null", "./dev", ".")  # which ext4, or the step, has changed
    assert without(theirs, *there) == without(ours, *there)

    done = user.build(file, "--output", folder / "vmdsl.img", "--rootfs-tarball", tarball)
    assert done.returncode == 0, done.stdout
    again = content(tarball)
    assert "./dev/null" not in again
    assert without(again, *there) == without(ours, *there)
