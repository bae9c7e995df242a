from __future__ import annotations

import io
import json
import time
from pathlib import Path
from threading import Thread

import pytest

from vmdsl.builder.job import problem_as_data, problem_from_data, tell
from vmdsl.errors import Problem, Where


class Slow(io.StringIO):
    """A stream that others can get in between of."""

    def write(self, text: str) -> int:
        for letter in text:
            super().write(letter)
            time.sleep(0)
        return len(text)


def test_events_of_two_threads_are_whole_lines() -> None:
    stream = Slow()

    def say(name: str) -> None:
        for _ in range(50):
            tell(stream, name, text="x" * 50)

    threads = [Thread(target=say, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kinds = [json.loads(line)["kind"] for line in stream.getvalue().splitlines()]
    assert sorted(kinds) == ["one"] * 50 + ["two"] * 50


@pytest.mark.parametrize(
    "where", [None, Where(Path("a.py"), 3), Where(Path("a.vmdb"), 3, 4, "$.steps[0]")]
)
def test_a_problem_gets_out_of_the_sandbox_whole(where: Where | None) -> None:
    problem = Problem(what="a", where=where, step="b", hint="c")
    assert problem_from_data(json.loads(json.dumps(problem_as_data(problem)))) == problem
