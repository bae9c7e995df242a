"""What is measured, in which order: both sides in turn, so that the machine's moods hit both."""

from __future__ import annotations

import subprocess
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from bench.mirror import slow_proxy
from bench.sides import Vmdb2, Vmdsl, memory_disk
from bench.watch import Watched, watching

_SLOW = 5_000_000  # bytes a second
_CHECKS = 5
_STEP = """\
@step
def more() -> None:
    apt(system(), {packages})


@step
def customize"""


def another_line(recipe: str) -> str:
    """The recipe with one line of its script changed."""
    return _replaced(recipe, "echo pc-vmdb2 >", "echo another-name >")


def with_packages(*names: str) -> Callable[[str], str]:
    """The recipe with a step that installs more packages, after the one with the kernel."""
    packages = ", ".join(f'"{name}"' for name in names)
    return lambda recipe: _replaced(recipe, "@step\ndef customize", _STEP.format(packages=packages))


def of_size(gibibytes: int) -> Callable[[str], str]:
    """The recipe with a disk of another size."""
    return lambda recipe: _replaced(recipe, "GiB(4)", f"GiB({gibibytes})")


def _replaced(recipe: str, old: str, new: str) -> str:
    if recipe.count(old) != 1:
        raise ValueError(f"the recipe has {old!r} {recipe.count(old)} times")
    return recipe.replace(old, new)


Change = Callable[[str], str]


class Rounds:
    """All that was measured, by name: the seconds of each run.

    `profile` says where the time of the last cold build went.
    """

    def __init__(self, vmdsl: Vmdsl, vmdb2: Vmdb2, say: Callable[[str], None]) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.profile = ""
        self._vmdsl = vmdsl
        self._vmdb2 = vmdb2
        self._say = say

    def run(self) -> None:
        """One round: every figure once."""
        vmdsl, vmdb2 = self._vmdsl, self._vmdb2
        vmdsl.forget()
        vmdsl.write()
        self._note("cold", vmdsl.build())
        self.profile = vmdsl.timings()
        self._note("vmdb2 cold", vmdb2.cold())
        self._note("same", vmdsl.build())
        self._built("removed")
        vmdsl.write(another_line)
        self._built("line")
        self._note("vmdb2 with tarball", vmdb2.with_tarball())
        vmdsl.write(with_packages("tree"))
        vmdsl.build()
        vmdsl.write(with_packages("tree", "curl"))
        self._built("package")
        vmdsl.write()
        self._check()
        self._together()
        self._slowly()

    def _check(self) -> None:
        self._vmdsl.check()
        self._vmdsl.mypy()
        for _ in range(_CHECKS):
            self._note("check", self._vmdsl.check())
            self._note("mypy, warm", self._vmdsl.mypy())

    def _together(self) -> None:
        """One build of all layers, then two at once that share them."""
        vmdsl = self._vmdsl
        vmdsl.forget("layers")
        self._built("one alone")
        vmdsl.forget("layers")
        vmdsl.image.unlink()
        other = replace(vmdsl, folder=vmdsl.user.folder("other"))
        other.write()
        with ThreadPoolExecutor(2) as pool:
            both = pool.map(Vmdsl.build, (vmdsl, other))
        self._note("two at once", max(both))
        other.image.unlink()

    def _slowly(self) -> None:
        vmdsl = self._vmdsl
        with slow_proxy(_SLOW) as proxy:
            vmdsl.forget("layers")
            self._built("packages cached", proxy)
            self._note("vmdb2 cold, slow mirror", self._vmdb2.cold(proxy=proxy))
            vmdsl.forget("layers")
            with memory_disk(vmdsl.folder / "memory", vmdsl.user.name) as memory:
                cache = memory / "cache"
                subprocess.run(["cp", "--archive", vmdsl.cache, cache], check=True)
                vmdsl.image.unlink()
                fast = replace(vmdsl, cache=cache)
                self._note("packages cached, tmpfs", fast.build(proxy=proxy))

    def _built(self, name: str, proxy: str = "") -> None:
        self._vmdsl.image.unlink()
        self._note(name, self._vmdsl.build(proxy=proxy))

    def _note(self, name: str, seconds: float) -> None:
        self._say(f"{name}: {seconds:.2f} s")
        self.seconds[name].append(seconds)


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What a build took: seconds, and bytes of memory and of disk; `data` is the image's."""

    what: str
    seconds: float
    watched: Watched
    layers: int
    data: int


def resources(vmdsl: Vmdsl) -> list[Taken]:
    """What builds take but time: all layers anew, and images with more room, from the cache."""
    vmdsl.write()
    vmdsl.forget("layers")
    found = [_taken(vmdsl, "4 GiB, all layers anew")]
    for size in (4, 400):
        vmdsl.write(of_size(size))
        vmdsl.build()  # GRUB's layers depend on the disk
        found.append(_taken(vmdsl, f"{size} GiB, layers cached"))
    vmdsl.image.unlink()
    return found


def _taken(vmdsl: Vmdsl, what: str) -> Taken:
    vmdsl.image.unlink(missing_ok=True)
    with watching(vmdsl.user.checkout / ".venv", vmdsl.cache) as watched:
        seconds = vmdsl.build()
    return Taken(
        what=what,
        seconds=seconds,
        watched=watched,
        layers=_on_disk(vmdsl.cache / "layers"),
        data=vmdsl.image.stat().st_blocks * 512,
    )


def _on_disk(folder: Path) -> int:
    if not folder.exists():
        return 0
    told = subprocess.run(
        ["du", "--summarize", "--block-size=1", folder],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    return int(told.split()[0])
