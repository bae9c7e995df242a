"""What a build reports out of the sandbox."""

from __future__ import annotations

import io
import time
from dataclasses import fields
from pathlib import Path
from threading import Thread

import pytest

from vmdsl.builder.events import (
    Event,
    Events,
    Failed,
    PhaseBegan,
    ProgramEnded,
    Succeeded,
    WorkBegan,
    from_line,
    to_line,
)
from vmdsl.builder.report.progress import Work
from vmdsl.errors import BuildError, Code, Hint, Problem, Where, code

WORK = Work(number=1, total=3, step="web", summary="apt install é \udce9", how="cached")


class Slow(io.StringIO):
    """A stream that others can get in between of."""

    def write(self, text: str) -> int:
        for letter in text:
            super().write(letter)
            time.sleep(0)
        return len(text)


def test_events_of_two_threads_are_whole_lines() -> None:
    stream = Slow()
    events = Events(stream)

    def say(name: str) -> None:
        for _ in range(50):
            events.phase(name)

    threads = [Thread(target=say, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sent = [from_line(line.encode()) for line in stream.getvalue().splitlines()]
    names = [event.name for event in sent if isinstance(event, PhaseBegan)]
    assert sorted(names) == ["one"] * 50 + ["two"] * 50


def test_code_of_a_hint_gets_out_of_the_sandbox() -> None:
    made = code("apt", Code("system", tag="root"), "curl", 1, None, size=code("GiB", 4), on=False)
    hint = Hint("add ", made, " there")
    event = Failed(problems=(Problem(what="a", hint=hint),), code=5, cpu=0.0)
    back = from_line(to_line(event).encode())
    assert isinstance(back, Failed)
    (problem,) = back.problems
    assert isinstance(problem.hint, Hint)
    assert problem.hint == hint
    assert problem.hint.parts == hint.parts


@pytest.mark.parametrize(
    "event",
    [
        PhaseBegan(name="tree", cpu=0.5),
        WorkBegan(work=WORK, cpu=1.5),
        ProgramEnded(command="apt-get install", seconds=1.0, cpu=0.5),
        Succeeded(key="", cpu=2.0, encrypted={"ext4 on /dev/mapper/root": "ab" * 32}),
        Failed(problems=(Problem(what="a"), Problem(what="b")), code=5, cpu=2.0),
    ],
)
def test_an_event_gets_out_of_the_sandbox_whole(event: Event) -> None:
    line = to_line(event)
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert from_line(line.encode()) == event


@pytest.mark.parametrize(
    "where", [None, Where(Path("a.py"), 3), Where(Path("a.vmdb"), 3, 4, "$.steps[0]")]
)
def test_a_problem_gets_out_of_the_sandbox_whole(where: Where | None) -> None:
    """It has every field that there is."""
    texts = {field.name: f"the {field.name}" for field in fields(Problem)}
    problem = Problem(**{**texts, "where": where})  # type: ignore[arg-type]
    event = Failed(problems=(problem,), code=BuildError.exit_code, cpu=0.0)
    assert from_line(to_line(event).encode()) == event
