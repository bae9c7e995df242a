"""mypy on a recipe, with the configuration that vmdsl ships."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.resources import as_file, files
from pathlib import Path

from vmdsl import programs
from vmdsl.errors import HostError, Problem, Where


class TypeCheck:
    """A run of mypy that is under way: it needs no attention until `problems`."""

    def __init__(self, recipe: Path, cache: Path) -> None:
        self._recipe = recipe.resolve()
        with as_file(files("vmdsl.plan") / "mypy.ini") as configuration:
            self._mypy = programs.start(
                [
                    sys.executable,
                    "-m",
                    "mypy",
                    f"--config-file={configuration}",
                    f"--cache-dir={cache / 'mypy'}",
                    "--output=json",
                    "--no-error-summary",
                    str(self._recipe),
                ],
                errors=subprocess.PIPE,
            )

    def problems(self) -> tuple[Problem, ...]:
        """Wait for mypy's mistakes in the recipe, in the order of its lines.

        Raises HostError if mypy itself did not work.
        """
        output, errors = self._mypy.communicate()
        if self._mypy.returncode not in (0, 1) and not output.strip():
            said = errors.decode(errors="replace").strip()
            raise HostError(f"mypy does not run: {said.splitlines()[-1] if said else 'no message'}")
        return tuple(read_messages(output.decode(errors="replace")))

    def stop(self) -> None:
        """End it, when its answer is no longer wanted."""
        self._mypy.kill()
        self._mypy.communicate()


def read_messages(text: str) -> list[Problem]:
    """Mypy's JSON lines as problems. Notes belong to the error before them."""
    problems = []
    for line in text.splitlines():
        if not line.startswith("{"):
            continue
        message = json.loads(line)
        if message["severity"] != "error":
            continue
        code = f"  [{message['code']}]" if message["code"] else ""
        problems.append(
            Problem(
                what=f"{message['message']}{code}",
                where=Where(Path(message["file"]).resolve(), max(message["line"], 0)),
                hint=(message.get("hint") or "").replace("\n", "\n    "),
            )
        )
    return sorted(problems, key=lambda p: (str(p.where.file), p.where.line) if p.where else ("", 0))
