"""Records where parted puts partitions in `tests/unit/vmdb2/parted.txt`.

Run it in `tests`, with parted installed: `python -m vmdb2.record_parted`. Each line has the table,
the size of the image in bytes, and for each partition the start and the end that were asked for,
and the first and last sector that parted made of them, or `refused`. Behind a line with `+`, which
stands for `msdos`, there is the kind of each partition before its start.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from random import Random

TABLE = Path(__file__).parents[1] / "unit/vmdb2/parted.txt"
LINES = 600
#: Lines with an extended partition.
LOGICAL = 300
#: A partition of the sector behind the table alone, which parted shows so and nobody wants.
_ONE_SECTOR = "1-31"
_MIB = 2**20


def main() -> None:
    """Write the lines."""
    lines = [f"# {_run('--version').stdout.splitlines()[0]}; see tests/vmdb2/record_parted.py"]
    random = Random(11)  # noqa: S311 (the same places each time)
    with tempfile.TemporaryDirectory() as directory:
        for number in range(LINES):
            line = _line(random, Path(directory, f"{number}.img"))
            lines += [line] if _ONE_SECTOR not in line.split() else []
        random = Random(5)  # noqa: S311
        lines += [_logical(random, Path(directory, f"{n}.img")) for n in range(LOGICAL)]
    TABLE.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _line(random: Random, image: Path) -> str:
    table = random.choice(["gpt", "msdos"])
    size = random.choice(
        [
            random.randint(2, 60) * _MIB,
            random.randint(60, 400) * _MIB,
            random.randint(400, 9000) * _MIB,
            random.randint(10**4, 2 * 10**7) * 512,
        ]
    )
    with image.open("wb") as file:
        file.truncate(size)
    _run(image, "mklabel", table)
    fields, before, known = [table, str(size)], "0%", set[str]()
    for _ in range(random.randint(1, 4)):
        start = before if random.random() < 0.8 else _place(random, size)
        before = end = _place(random, size) if random.random() < 0.7 else "100%"
        _run(image, "--", "mkpart", "primary", "ext2", start, end)
        printed = _run("-m", image, "unit", "s", "print").stdout.splitlines()[2:]
        made = {"-".join(line.replace("s", "").split(":")[1:3]) for line in printed}
        fields += [start, end, *(made - known or ["refused"])]
        known = made
    image.unlink()
    return " ".join(fields)


def _logical(random: Random, image: Path) -> str:
    """A line with an extended partition, and some in it. Most of them have room."""
    size = random.choice([random.randint(10, 400), random.randint(400, 9000)]) * _MIB
    size -= random.choice([0, 0, 512 * random.randint(1, 4000)])
    with image.open("wb") as file:
        file.truncate(size)
    _run(image, "mklabel", "msdos")
    kinds = ["primary"] * random.randint(0, 1) + ["extended"] + ["logical"] * random.randint(1, 4)
    cuts = sorted(random.random() for _ in kinds)
    fields, before, known = ["+", str(size)], random.choice(["0%", "1MiB", "2048s"]), set[str]()
    for number, kind in enumerate(kinds):
        start = before if random.random() < 0.9 else _near(random, size, random.random())
        end = _near(random, size, cuts[number])
        if kind == "extended" or (number == len(kinds) - 1 and random.random() < 0.5):
            end = random.choice(["100%", "100%", _near(random, size, 0.9)])
        before = start if kind == "extended" else end
        _run(image, "--", "mkpart", kind, *(["ext2"] if kind != "extended" else []), start, end)
        printed = _run("-m", image, "unit", "s", "print").stdout.splitlines()[2:]
        made = {"-".join(line.replace("s", "").split(":")[1:3]) for line in printed}
        fields += [kind, start, end, *(made - known or ["refused"])]
        known = made
    image.unlink()
    return " ".join(fields)


def _near(random: Random, size: int, part: float) -> str:
    """A place that parted may move, or one that it may not."""
    megabytes = int(part * size / 10**6)
    return random.choice(
        [
            f"{int(part * 100)}%",
            f"{megabytes}M",
            f"{megabytes}.5MB",
            f"{megabytes}",
            f"{max(round(part * size / 10**9, 1), 0.1)}G",
            f"{int(part * size / 10**3)}k",
            f"{int(part * size / _MIB)}MiB",
            f"{int(part * size / 512)}s",
            f"-{int((1 - part) * size / 10**6)}M",
        ]
    )


def _place(random: Random, size: int) -> str:
    most = size // 10**6
    number = random.randint(1, max(most, 1))
    return random.choice(
        [
            f"{random.randint(1, 100)}%",
            f"{number}M",
            f"{number}MB",
            f"{number}",
            f"{number}MiB",
            f"{number}mib",
            f"{number * 1000 + random.randint(0, 999)}kB",
            f"{number * 1000}KiB",
            f"{number * 1000}kiB",
            f"{number}.5M",
            f"{number}.25MiB",
            f"{random.randint(40, size // 512)}s",
            f"{random.randint(2**16, size)}B",
            f"-{number}MiB",
            f"-{number}M",
            f"-{number * 100}s",
            f"{max(most // 1000, 1)}G",
        ]
    )


def _run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["parted", "-s", *arguments], capture_output=True, text=True, check=False)


if __name__ == "__main__":
    main()
