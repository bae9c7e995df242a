"""How a build's progress looks."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from vmdsl.builder.report.progress import Built, Listener, Work
from vmdsl.cli.options import rounded
from vmdsl.cli.progress import clean, duration, progress, show_built, show_encrypted


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def console(*, terminal: bool, width: int = 60) -> Console:
    return Console(
        file=io.StringIO(),
        force_terminal=terminal,
        width=width,
        highlight=False,
        color_system=None,
        legacy_windows=False,
    )


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def work(number: int, step: str, summary: str) -> Work:
    return Work(number=number, total=12, step=step, summary=summary)


def build(listener: Listener, clock: Clock) -> None:
    listener.started(work(1, "system", "debootstrap [trixie]"))
    listener.said("Get:1 [5 kB]\n")
    clock.now += 14
    listener.started(work(2, "", "write the partition table and also a great deal of other things"))
    clock.now += 0.25


def test_plain_lines() -> None:
    out = console(terminal=False)
    with progress(verbose=False, console=out) as listener:
        build(listener, Clock())
    assert written(out) == (
        "[1/12] system: debootstrap [trixie]\n"
        "[2/12] write the partition table and also a great deal of other things\n"
    )


def test_plain_lines_with_all_that_programs_print() -> None:
    out = console(terminal=False)
    with progress(verbose=True, console=out) as listener:
        build(listener, Clock())
    assert written(out).splitlines()[:2] == [
        "[1/12] system: debootstrap [trixie]",
        "    Get:1 [5 kB]",
    ]


def test_finished_steps_stay_on_a_terminal_with_their_seconds() -> None:
    out, clock = console(terminal=True), Clock()
    with progress(verbose=False, console=out, clock=clock) as listener:
        build(listener, clock)
    text = written(out)
    assert "✓  1/12 system  debootstrap [trixie]                    14 s" in text
    assert "✓  2/12 write the partition table and also a great" in text
    assert "0.2 s" in text
    assert text.index("✓  1/12") < text.index("✓  2/12")


def test_step_that_failed_is_marked() -> None:
    out, clock = console(terminal=True), Clock()

    def fail() -> None:
        with progress(verbose=False, console=out, clock=clock) as listener:
            build(listener, clock)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert "✗  2/12" in written(out)
    assert "✓  2/12" not in written(out)
    assert written(out).count("\x1b[?25l") == written(out).count("\x1b[?25h")  # the cursor


def test_last_line_and_times_are_shown_while_working() -> None:
    out, clock = console(terminal=True), Clock()
    with progress(verbose=False, console=out, clock=clock) as listener:
        listener.started(work(1, "system", "debootstrap"))
        listener.said("\x1b[31mGet:1\x1b[0m http\n")
        listener.said("   \n")
        clock.now += 75
        out.print(listener.render())  # type: ignore[attr-defined]
    assert "Get:1 http" in written(out)
    assert "1 min 15 s in all" in written(out)


def test_verbose_on_a_terminal() -> None:
    out, clock = console(terminal=True), Clock()
    with progress(verbose=True, console=out, clock=clock) as listener:
        build(listener, clock)
    assert "    Get:1 [5 kB]\n" in written(out)


def test_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    image = tmp_path / "a.img"
    with image.open("wb") as file:
        file.write(b"x" * 4096)
        file.truncate(4 * 2**30)
    out = console(terminal=False)
    show_built(Built(image=image, log=tmp_path / "log", seconds=74.2), out)
    assert written(out) == "a.img: 4 GiB, 4 KiB on disk, built in 1 min 14 s\n"


def test_checksums_of_what_was_encrypted(tmp_path: Path) -> None:
    out, name = console(terminal=False), "ext4 on /dev/mapper/root"
    built = Built(image=tmp_path, log=tmp_path, seconds=1, encrypted={name: "ab" * 32})
    show_encrypted(built, out)
    assert written(out) == f"{name}, before it is encrypted: SHA-256 {'ab' * 32}\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("plain\n", "plain"),
        ("\x1b[1;31mred\x1b[0m\x1b(B", "red"),
        ("\x1b]0;title\x07text\x1b", "text"),
        ("10%\r50%\r100%\r\n", "100%"),
        ("a\tb", "a       b"),
        ("bell\x07", "bell"),
    ],
)
def test_clean(line: str, expected: str) -> None:
    assert clean(line) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.04, "0.0 s"), (9.4, "9.4 s"), (59.4, "59 s"), (60, "1 min 00 s")]
)
def test_duration(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


@pytest.mark.parametrize(
    ("size", "expected"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (1234567, "1.18 MiB"), (2**52, "4096 TiB")],
)
def test_rounded(size: int, expected: str) -> None:
    assert rounded(size) == expected
