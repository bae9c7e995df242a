"""What encryption, volumes and the programs that make disks take, beside a disk without them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from bench.costs import CPU, Costs
from bench.sides import Vmdsl, timed
from bench.table import Row

#: A root of 1.5 GB with a quarter of it used, made once; then only the disk is made again.
_RECIPE = """\
from enum import StrEnum

from vmdsl import *

class Way(StrEnum):
    PLAIN = "plain"
    LUKS = "luks"
    LVM = "lvm"

way = option(Way.PLAIN, help="What the root is on.")

@step
def device() -> Partition | Luks | LogicalVolume:
    part = mkpart(mkgpt(mkimg(GiB(2))), size=MiB(1536))
    if way() is Way.LUKS:
        return mkluks(part, Secret.from_environment("VMDSL_BENCH"))
    return mklv(mkvg(part)) if way() is Way.LVM else part

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(device()))

@step
def content() -> None:
    script = 'openssl enc -aes-128-ctr -pass pass:x </dev/zero 2>/dev/null | head -c 400M'
    host_shell(root(), f'{script} | split -b 1M - "$ROOT/part."', inputs=())
"""
ROWS = tuple(
    Row(what=f"{what}{unit}", ours=f"{ours}{unit}", theirs=f"{theirs}{unit}", most=most)
    for unit in ("", CPU)
    for what, ours, theirs, most in (
        ("1.5 GB on LUKS", "LUKS", "plain", 4.0),
        ("1.5 GB on LVM", "LVM", "plain", 1.2),
        ("programs of one suite, cold", "fetched", "the machine's, cold", 3.0),
        ("the same, warm", "plain", "the machine's", 1.1),
    )
)


def measure(vmdsl: Vmdsl, runs: int, costs: Costs) -> None:
    """Measure each way `runs` times, in turn."""
    for _ in range(runs):
        vmdsl.forget()
        costs.note("the machine's, cold", lambda: _build(vmdsl, "plain", "--host-tools"))
        vmdsl.forget()
        costs.note("fetched", lambda: _build(vmdsl, "plain"))
        costs.note("the machine's", lambda: _build(vmdsl, "plain", "--host-tools"))
        costs.note("plain", lambda: _build(vmdsl, "plain"))
        for name in ("LUKS", "LVM"):
            _build(vmdsl, name.lower())  # fetches its programs
            costs.note(name, partial(_build, vmdsl, name.lower()))


def _build(vmdsl: Vmdsl, way: str, *options: str) -> float:
    recipe = vmdsl.user.file(vmdsl.folder / "disks.py", _RECIPE)
    image = vmdsl.folder / "disks.img"
    image.unlink(missing_ok=True)
    words: tuple[str | Path, ...] = (
        "--way",
        way,
        "--output",
        image,
        "--cache-dir",
        vmdsl.cache,
        *options,
    )
    return timed(
        vmdsl.user.vmdsl("build", recipe, *words),
        cwd=vmdsl.folder,
        env={"VMDSL_BENCH": "a passphrase"},
    )
