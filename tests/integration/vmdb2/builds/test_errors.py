"""What a wrong use of vmdb2's options is told: one clear message, an exit code, and no file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

VMDSL = Path(sys.executable).with_name("vmdsl")
SPECIFICATION = """\
steps:
  - mkimg: "{{ output }}"
    size: 1G
  - mklabel: msdos
    device: "{{ output }}"
  - mkpart: primary
    device: "{{ output }}"
    start: 1MiB
    end: 100%
    tag: part
  - mkfs: ext4
    partition: part
  - mount: part
  - debootstrap: trixie
    mirror: "{{ mirror }}"
    target: part
    arch: amd64
"""
FILES = {
    "pc.vmdb": SPECIFICATION.encode(),
    "alpha.vmdb": SPECIFICATION.replace("amd64", "alpha").encode(),
    "old.vmdb": SPECIFICATION.replace("tag: part", "tag: part\n    trailing: 1").encode(),
    "image.vmdb": SPECIFICATION.replace("output", "image").encode(),
    "bad.vmdb": b": : -\n",
    "binary.vmdb": b"\0\xff\xfe",
    "empty.vmdb": b"",
}
MIRROR = "--variable=mirror=http://mirror.example/debian"


def vmdsl(folder: Path, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    (folder / "folder").mkdir()
    done = subprocess.run(
        [VMDSL, *words], cwd=folder, input=stdin, capture_output=True, text=True, check=False
    )
    assert {path.name for path in folder.iterdir()} == {*FILES, "folder"}
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["none.vmdb"], 2, "there is no specification none.vmdb"),
        (["folder", MIRROR], 2, "folder is a directory"),
        (["bad.vmdb"], 3, "bad.vmdb:1:1: not YAML"),
        (["binary.vmdb"], 3, "it is not UTF-8 text"),
        (["empty.vmdb"], 3, "there is nothing in it"),
        (["pc.vmdb"], 3, "give it with --variable mirror=VALUE"),
        (["pc.vmdb", "--variable", "a"], 2, "--variable a is not NAME=VALUE"),
        (["pc.vmdb", MIRROR, MIRROR], 2, "--variable mirror is given twice"),
        (["pc.vmdb", MIRROR, "--output", "none/x.img"], 2, "there is no directory none"),
        (["pc.vmdb", MIRROR, "--output", "folder"], 2, "folder is a directory"),
        (["pc.vmdb", MIRROR, "--output", "pc.vmdb"], 2, "the image would replace it"),
        (["pc.vmdb", MIRROR, "--image", "x.img"], 3, "give --output FILE"),
        (["pc.vmdb", MIRROR, "--log", "none/log"], 2, "there is no directory none"),
        (["pc.vmdb", MIRROR, "--rootfs-tarball", "none/t"], 2, "there is no directory none"),
        (["-", MIRROR], 2, "standard input has no name"),
        (["-", MIRROR, "--output", "x.img"], 3, "there is nothing in it"),
        (["alpha.vmdb", MIRROR], 4, "cannot run programs of alpha"),
        (["old.vmdb", MIRROR], 3, "trailing"),
    ],
)
def test_nothing_is_built(words: list[str], code: int, said: str, tmp_path: Path) -> None:
    done = vmdsl(tmp_path, "build", *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    "words",
    [
        ["pc.vmdb", "--output", "x.img"],
        ["--output", "x.img", "pc.vmdb"],
        ["image.vmdb", "--image", "x.img"],
        ["image.vmdb", "--image=x.img", "--output=y.img", "--log=l", "--rootfs-tarball=t"],
        ["old.vmdb", "--lenient"],
    ],
)
def test_the_options_are_known(words: list[str], tmp_path: Path) -> None:
    done = vmdsl(tmp_path, "plan", MIRROR, *words)
    assert done.returncode == 0, done.stderr
    assert "debootstrap trixie" in done.stdout
