"""Python functions that run in child processes, one at a time or several side by side."""

from __future__ import annotations

import os
import pickle
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

from vmdsl.errors import BuildError

_T = TypeVar("_T")


class Child(Generic[_T]):
    """A child process that calls `function`."""

    def __init__(self, function: Callable[[], _T]) -> None:
        self._reader, writer = os.pipe()
        self._process = os.fork()
        if self._process == 0:
            _answer(writer, function)
        os.close(writer)

    def result(self) -> _T:
        """Wait for the function's result, and return it. Raises the function's own exception."""
        with os.fdopen(self._reader, "rb") as pipe:
            answer = pipe.read()
        os.waitpid(self._process, 0)
        if not answer:
            raise BuildError("a child process of the build was killed", code="build-failed")
        succeeded, value = pickle.loads(answer)  # noqa: S301 (our own child wrote it)
        if not succeeded:
            raise value
        result: _T = value
        return result

    def stop(self) -> None:
        """Kill the child; its result is no longer wanted. Programs that it has started go on."""
        os.close(self._reader)
        os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)


def side_by_side(functions: Sequence[Callable[[], _T]]) -> Iterator[_T]:
    """Call functions in children, one for each processor at once. Yields the results in order.

    Nothing is started before the first result is asked for, and no child is left when that ends.
    """
    waiting = deque(functions)
    running: deque[Child[_T]] = deque()
    at_once = len(os.sched_getaffinity(0))
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                running.append(Child(waiting.popleft()))
            yield running.popleft().result()
    finally:
        for child in running:
            child.stop()


def end_everything() -> None:
    """Kill every process of the sandbox but this one, which is its first."""
    with suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def _answer(writer: int, function: Callable[[], object]) -> None:
    """Call the function and send the result, in the child. Never returns."""
    try:
        try:
            answer = pickle.dumps((True, function()))
        except Exception as error:  # noqa: BLE001 (it goes to the parent)
            answer = pickle.dumps((False, _that_pickles(error)))
        write_all(writer, answer)
    finally:
        os._exit(0)


def _that_pickles(error: Exception) -> Exception:
    """Return the error, or another with its text where it cannot be sent to another process."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 (it is our own)
    except Exception:  # noqa: BLE001 (whatever its author made of it)
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def write_all(file: int, data: bytes) -> None:
    """Write all bytes to an open file, in as many calls as that takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
