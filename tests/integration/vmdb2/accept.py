"""What vmdb2 says of specifications, without running any step. Started with the system's Python.

It prints, as JSON, for each file what vmdb2's own command line ends with, and for each step which
of vmdb2's runners takes it and which of its keys that one does not know.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from typing import Any

import vmdb
import vmdb.app


class Looking(vmdb.app.ImageBuilder):  # type: ignore[misc]
    """Does all that vmdb2 does before it runs the steps, and notes what would take them."""

    found: list[dict[str, Any]]

    def run_steps(self, steps: list[dict[str, Any]], state: object) -> tuple[list[Any], bool]:
        del state
        for step in steps:
            runner = self.step_runners.find(step)
            known = {*runner.get_key_spec(), "unless"}
            Looking.found.append(
                {"runner": type(runner).__name__, "step": step, "unknown": sorted({*step} - known)}
            )
        return [], False


def look(file: str) -> dict[str, Any]:
    """Run vmdb2's command line on a file."""
    Looking.found = []
    variables = ["mirror=http://mirror.example/debian", "security=http://mirror.example/security"]
    sys.argv = ["vmdb2", file, "--output=disk.img", "--rootfs-tarball=rootfs.tar"]
    sys.argv += [f"--variable={variable}" for variable in variables]
    said = ""
    with contextlib.redirect_stderr(io.StringIO()) as complaints:
        try:
            vmdb.Vmdb2(version=vmdb.__version__).run()
        except SystemExit as ended:
            said = str(ended.code)
    return {"said": said + complaints.getvalue(), "steps": Looking.found}


vmdb.app.ImageBuilder = Looking
json.dump({file: look(file) for file in sys.argv[1:]}, sys.stdout)
