import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from vmdsl import programs


@pytest.mark.parametrize(
    "start",
    [
        lambda: subprocess.run(["true"], check=False),
        lambda: subprocess.Popen(["true"]),
        lambda: os.system("true"),  # noqa: S605
        lambda: os.posix_spawn("/bin/true", ["true"], {}),
        lambda: os.fork(),  # noqa: PLW0108  # looked up when called
        lambda: programs.run(["true"]),
        lambda: programs.start(["true"]),
        lambda: subprocess.check_output([sys.executable, "--version"]),
    ],
)
def test_a_unit_test_cannot_start_a_program(start: Callable[[], object]) -> None:
    with pytest.raises(pytest.fail.Exception, match="started a program"):
        start()
