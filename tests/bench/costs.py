"""What runs cost: the time that passes, and the processor's."""

from __future__ import annotations

import resource
from collections import defaultdict
from collections.abc import Callable

#: At the end of the name of what was measured, for the processor's time.
CPU = ", processor"


class Costs:
    """Seconds by the name of what was measured; `say` is called with each as it is known."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self._say = say

    def note(self, name: str, run: Callable[[], float]) -> None:
        """Note the seconds that a run takes, which it returns, and those of its processes."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = run()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self._say(f"{name}: {seconds:.2f} s, of the processor {spent:.2f} s")
        self.seconds[name].append(seconds)
        self.seconds[name + CPU].append(spent)
