"""Every deed on files, at every place that leads somewhere else; what came of it is in /results.

The place is /place/file or /etc, and `outside` is a directory of this machine that is neither to be
changed nor to be read.
"""

import json
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vmdsl import (
    Ext4,
    MiB,
    Mounted,
    Source,
    Tree,
    TreeOperation,
    apt_source,
    copy_file,
    copy_tree,
    create_directory,
    create_file,
    create_symlink,
    fstab,
    mkext4,
    mkimg,
    mkmsdos,
    mkpart,
    mount,
    option,
    path_exists,
    record,
    step,
)
from vmdsl.builder.tree.tree import BuildTree
from vmdsl.language.handles import RootFs
from vmdsl.language.operation import recorded
from vmdsl.machines import Arch
from vmdsl.values import Suite

outside = option("/nowhere", help="The directory that is not to be touched.")
SOURCE = Source(name="more", uris=["http://mirror.example/debian"], suites=["bookworm"])
_SECONDS = 20


def hostilities(outside: str) -> dict[str, Callable[[], None]]:
    """Ways to make /place, /place/file or /etc lead somewhere; called in the tree."""
    roots = {
        "absolute": outside,
        "dots": f"{'../' * 20}{outside}",
        "process": f"/proc/1/root{outside}",
        "directory-of-process": "/proc/1/cwd",
        "file-of-process": "/proc/1/fd/3",
        "kernel": "/sys/kernel",
        "device": "/dev/zero",
        "circle": "file",
        "nowhere": "/nowhere/at/all",
    }
    ways: dict[str, Callable[[], None]] = {"nothing": lambda: None}
    for name, target in roots.items():
        above = "/place" if target == "file" else target
        ways[f"above: {name}"] = partial(_link, "/place", above)
        ways[f"itself: {name}"] = partial(_link, "/place/file", target)
        ways[f"itself: {name}, file"] = partial(_link, "/place/file", f"{target}/canary")
        ways[f"etc: {name}"] = partial(_link, "/etc", "/etc" if target == "file" else target)
        ways[f"etc: {name}, owners"] = partial(_link, "/etc/passwd", f"{target}/passwd")
    for name, make in (("pipe", os.mkfifo), ("directory", os.mkdir), ("file", _write)):
        ways[f"itself: {name}"] = partial(_make, "/place/file", make)
        ways[f"above: {name}"] = partial(_make, "/place", make)
        ways[f"etc: {name}, owners"] = partial(_make, "/etc/passwd", make)
    return ways


def _link(path: str, target: str) -> None:
    _clear(path)
    Path(path).symlink_to(target)


def _make(path: str, make: Callable[[str], None]) -> None:
    _clear(path)
    make(path)


def _write(path: str) -> None:
    Path(path).write_text("")


def _clear(path: str) -> None:
    place = Path(path)
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def _as_before() -> None:
    for path in ("/place", "/etc"):
        _clear(path)
        Path(path).mkdir()
    Path("/etc/passwd").write_text("root:x:0:0:::\nowner:x:7:7:::\n")
    Path("/etc/group").write_text("root:x:0:\n")


def seen(directory: str) -> list[tuple[str, int, int, str]]:
    """All that is in a directory of this machine, as it is there."""
    found = []
    for path in sorted(Path(directory).rglob("*")):
        about = path.lstat()
        content = path.read_text() if path.is_file() else ""
        found.append((str(path), about.st_mode, about.st_mtime_ns, content))
    return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Matrix(TreeOperation):
    """Tries all of it."""

    outside: str
    deeds: tuple[TreeOperation, ...]

    def apply(self, tree: Tree) -> None:
        assert isinstance(tree, BuildTree)  # which knows how to take away what was bound
        names = ["read", "exists", "remove", "bind", *(deed.summary() for deed in self.deeds)]
        calls: list[Callable[[], object]] = [
            lambda: tree.read("/place/file"),
            lambda: tree.exists("/place/file"),
            lambda: tree.remove("/place/file"),
            lambda: tree.bind(tree.scratch / "bound", "/place/file"),
            *(partial(deed.apply, tree) for deed in self.deeds),
        ]
        (tree.scratch / "bound").write_text("bound\n")
        before, mounts = seen(self.outside), Path("/proc/self/mounts").read_text()
        results = []
        for way, make in hostilities(self.outside).items():
            for name, call in zip(names, calls, strict=True):
                tree.inside(_as_before)
                tree.inside(make)
                said = attempt(call)
                tree.unbind()
                after = seen(self.outside)
                changed = after != before or Path("/proc/self/mounts").read_text() != mounts
                results.append((way, name, "CHANGED" if changed else said))
                before = after
        tree.inside(_as_before)
        tree.write("/results", json.dumps(results))


def attempt(call: Callable[[], object]) -> str:
    """What came of a call: `done`, what it said, or that it never ended."""

    def over(*_: object) -> None:
        raise TimeoutError("it never ended")

    signal.signal(signal.SIGALRM, over)
    signal.alarm(_SECONDS)
    try:
        answer = call()
    except Exception as error:  # noqa: BLE001 (whatever it is, it is what the test asks)
        return f"{type(error).__name__}: {error}"
    finally:
        signal.alarm(0)
    return f"read {answer.decode()}" if isinstance(answer, bytes) else "done"


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkmsdos(mkimg(MiB(64))))))


@step
def places() -> None:
    for path in ("/usr", "/proc", "/sys", "/dev", "/run", "/tmp", "/place", "/etc"):
        create_directory(root(), path)


@step
def everything() -> None:
    system = RootFs(mounted=root(), suite=Suite("bookworm"), arch=Arch.AMD64)
    place, before = root(), len(recorded())
    create_file(place, "/place/file", "written\n", mode=0o666)
    create_file(place, "/place/file/below", "written\n")
    create_file(place, "/place/owned", "written\n", uid="owner")
    copy_file(place, "matrix.py", "/place/file")
    create_directory(place, "/place/file", mode=0o777, uid="owner", gid=5)
    create_directory(place, "/place/file/below/it")
    create_symlink(place, "/place/file", "target")
    create_symlink(place, "/place/file/below", "target")
    copy_tree(place, "source", "/place", umask=0)
    copy_tree(place, "source", "/place/file")
    copy_tree(place, "source", "/", uid="owner")
    path_exists(place, "/place/file")
    apt_source(system, SOURCE)
    fstab(system)
    deeds = tuple(o for o in recorded()[before:] if isinstance(o, TreeOperation))
    del recorded()[before:]
    record(Matrix(root=place, outside=outside(), deeds=deeds))
