"""Assembly: filesystems side by side, and where its time went."""

from __future__ import annotations

import filecmp
import os
import re
import subprocess
from pathlib import Path

import pytest

from users import User
from vmdsl.builder.image.formats import FORMATS

pytestmark = pytest.mark.integration

#: No program of a system is run, so a few files are system enough.
RECIPE = """\
from vmdsl import *

@step
def table() -> Gpt:
    return mkgpt(mkimg(MiB(350)))

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=MiB(100))))

@step
def efi() -> Mounted[Vfat]:
    return mount(mkvfat(mkpart(table(), size=MiB(64))), "/efi", on=root())

@step
def home() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(){size})), "/home", on=root())

@step
def boot() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(40)))

@step
def swap() -> Swap:
    return mkswap(mkpart(table(), size=MiB(10)))

@step
def files() -> None:
    host_shell(root(), 'cd "$ROOT"; mkdir efi home etc; {script}')
"""


def write(user: User, folder: Path, *, size: str = "", script: str = "true") -> Path:
    return user.file(folder / "r.py", RECIPE.format(size=size, script=script))


def test_timings(alone: User) -> None:
    folder = alone.folder("timings")
    recipe = write(alone, folder, script="sleep 0.3")
    done = alone.build(recipe, "--output", folder / "r.img", "--timings")
    assert done.returncode == 0, done.stdout
    told = re.findall(r"^ *(\d+\.\d\d) +(\d+\.\d\d)  ( *.*)$", done.stdout, re.MULTILINE)
    seconds = {what: float(number) for number, _, what in told}
    phases = [what for _, _, what in told if not what.startswith(" ")]
    assert phases == ["check of the recipe", "preparation", "tree", "assembly", "publishing"]
    step = next(what for what in seconds if what.startswith("  files: host shell"))
    assert seconds[step] >= 0.3
    assert any(what.startswith("    sh -ec") and seconds[what] >= 0.3 for what in seconds)
    assert seconds["tree"] >= seconds[step]
    assert any(what.startswith("  home: ext4") for what in seconds)
    log = max((alone.cache / "logs").glob("r-*.log"), key=lambda log: log.stat().st_mtime)
    assert step in log.read_text(encoding="utf-8")
    assert "check of the recipe" not in log.read_text(encoding="utf-8")


def test_formats(alone: User) -> None:
    """An image in another format has the content of the raw one, and the same bytes each time."""
    folder = alone.folder("formats")
    recipe = write(alone, folder, script="seq 300000 >home/large")
    raw = folder / "r.img"
    built = [form for form in FORMATS if form.convert is not None]
    for form in built:
        image, again = folder / f"r{form.suffix}", folder / f"again{form.suffix}"
        for output, arguments in ((image, ()), (again, ("--no-cache",))):
            done = alone.build(recipe, "--output", output, *arguments)
            assert done.returncode == 0, done.stdout
        assert filecmp.cmp(image, again, shallow=False)
        compare = ("qemu-img", "compare", "-f", "raw", "-F", form.name)
        subprocess.run([*compare, str(raw), str(image)], check=True)
    (refused, *_) = [form for form in FORMATS if form not in built]
    done = alone.build(recipe, "--output", folder / f"r{refused.suffix}")
    assert done.returncode == 2
    names = [f"{name}{form.suffix}" for name in ("again", "r") for form in built]
    assert {path.name for path in folder.iterdir() if path.is_file()} == {"r.py", *names}


def test_one_of_several_fails(alone: User) -> None:
    """The first one of them that fails is told, in the order of the recipe, and nothing is left."""
    folder = alone.folder("fails")
    bad = "echo >efi/a:b; yes | head -c 30M >home/large"
    recipe = write(alone, folder, size=", size=MiB(90)", script=bad)
    done = alone.build(recipe, "--output", folder / "r.img")
    assert done.returncode == 5, done.stdout
    assert "step efi: FAT cannot hold the name 'a:b'" in done.stdout
    assert [line for line in done.stdout.splitlines() if line.startswith("[")][-1].endswith(
        "efi: vfat on efi"
    )
    assert sorted(p.name for p in folder.iterdir()) == ["r.img.log", "r.py"]
    assert list((alone.cache / "builds").iterdir()) == []


def test_two_that_are_too_small_are_told_together(alone: User) -> None:
    folder = alone.folder("small")
    script = "yes | head -c 90M >efi/large; yes | head -c 50M >home/large"
    recipe = write(alone, folder, size=", size=MiB(40)", script=script)
    done = alone.build(recipe, "--output", folder / "r.img")
    assert done.returncode == 5, done.stdout
    assert re.search(r"step efi: its content needs .* MiB too little", done.stdout)
    assert re.search(r"step home: its content needs .* MiB too little", done.stdout)


def test_figures_are_told_also_where_the_content_seemed_to_fit(alone: User) -> None:
    """Room in plenty, but for hardly any files."""
    folder = alone.folder("files")
    script = "cd home; for i in $(seq 200); do : >$i; done"
    recipe = write(alone, folder, script=script)
    text = recipe.read_text(encoding="utf-8")
    old = "mkext4(mkpart(table())), "
    assert text.count(old) == 1
    alone.file(recipe, text.replace(old, "mkext4(mkpart(table()), inodes=100), "))
    done = alone.build(recipe, "--output", folder / "r.img")
    assert done.returncode == 5, done.stdout
    found = re.search(r"step home: its content is (\d+) files .* room for (\d+): ", done.stdout)
    assert found, done.stdout
    assert int(found[1]) >= 200 > int(found[2])


def test_one_processor_or_several_the_same_bytes(alone: User) -> None:
    folder = alone.folder("same")
    script = "yes | head -c 20M >efi/large; yes no | head -c 30M >home/large"
    recipe = write(alone, folder, script=script)
    images = []
    for cpus in ("0", ",".join(map(str, sorted(os.sched_getaffinity(0))))):
        image = folder / f"{cpus.replace(',', '-')}.img"
        argv = alone.vmdsl("build", recipe, "--output", image, "--no-cache")
        done = subprocess.run(
            ["taskset", "-c", cpus, *argv], cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        images.append(image)
    assert filecmp.cmp(images[0], images[1], shallow=False)
