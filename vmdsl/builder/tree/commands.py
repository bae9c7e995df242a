"""Commands of operations: how they are run and logged, and what a recipe's own scripts get."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vmdsl import programs
from vmdsl.builder.report.mask import Mask
from vmdsl.builder.sandbox.environment import INTO_TREE
from vmdsl.builder.tree.remedies import remedy
from vmdsl.errors import BuildError, CommandError, Hint, Problem

_LAST_LINES = 20
_LAST_BYTES = 65536
_LINE = 500
_SHOWN = 200
#: Before a program, and followed by the largest size of a file, in blocks: a write beyond it fails,
#: as it does on a full disk.
_LIMITED = ("sh", "-c", 'trap "" XFSZ; ulimit -f "$0"; exec "$@"')
_BLOCK = 512
#: An ordinary user can't mount the machine's /dev and /sys by themselves, nor unmount a part.
_LENIENT = """\
#!/bin/sh
# Where this fails at what the tree has while a script runs, nothing is missing.
{real} "$@" && exit 0
code=$?
tree={tree}
for word; do
    place=$(realpath --canonicalize-missing -- "$word" 2>/dev/null)
    case "${{place#"$tree"}}" in
        "$place") ;;
        /proc | /sys | /dev | /run | /tmp | /proc/* | /sys/* | /dev/* | /run/*)
            echo "vmdsl: $word is there while this script runs, and not afterwards" >&2
            exit 0 ;;
    esac
done
exit "$code"
"""


@dataclass(frozen=True, kw_only=True)
class Commands:
    """Runs commands in `directory`. `log` is an open file; `mask` hides secrets in messages."""

    log: int
    mask: Mask
    directory: Path

    def run(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        stdin: bytes | str = "",
        largest: int | None = None,
    ) -> None:
        """Run a command, which writes no file larger than `largest`, in bytes, where it is given.

        Raises CommandError, with the last lines of its output, if it fails.
        """
        os.write(self.log, b"+ " + os.fsencode(" ".join(command)) + b"\n")
        before = os.fstat(self.log).st_size
        program = programs.find(command[0])
        if program is None:
            raise BuildError(
                f"there is no program {command[0]} on this machine", code="missing-program"
            )
        limit = () if largest is None else (*_LIMITED, str(largest // _BLOCK))
        done = programs.run(
            [*limit, program, *command[1:]],
            output=self.log,
            env=env,
            cwd=self.directory,
            stdin=stdin.encode() if isinstance(stdin, str) else stdin,
        )
        if not done.ok:
            ended = f"exit code {done.code}" if done.code > 0 else f"signal {-done.code}"
            output = self._end_of_log(before)
            lines = [line[:_LINE] for line in output.splitlines()[-_LAST_LINES:]]
            printed = "\n".join(lines)
            # mmdebstrap prints mounts of its own, which it can do without.
            instead = remedy(printed) if command[0] != "mmdebstrap" else ""
            hints = filter(None, (instead, printed))
            raise CommandError(
                Problem(
                    what=f"the command failed ({ended}): {shown(command)}",
                    hint=Hint.of_lines(hints) or "it printed nothing",
                    code="command-failed",
                ),
                output=output,
            )

    def _end_of_log(self, start: int) -> str:
        """Return the last part of what is in the log from an offset on."""
        with open(f"/proc/self/fd/{self.log}", "rb") as log:  # noqa: PTH123 (an open file)
            log.seek(max(start, os.fstat(self.log).st_size - _LAST_BYTES - self.mask.longest))
            return self.mask.all_of(log.read()).decode(errors="replace")


def make_lenient_mount(directory: Path, tree: Path) -> None:
    """Make programs mount and umount that don't fail where the tree has what is asked for."""
    directory.mkdir(exist_ok=True)
    for name in ("mount", "umount"):
        real = programs.find(name) or f"/usr/bin/{name}"
        program = directory / name
        program.write_text(_LENIENT.format(real=real, tree=f"'{os.path.realpath(tree)}'"))
        program.chmod(0o755)


def is_in_tree(command: Sequence[str]) -> bool:
    """Return whether a command runs a program of the tree."""
    return _unlimited(command)[: len(INTO_TREE)] == list(INTO_TREE)


def shown(command: Sequence[str]) -> str:
    """Return a command as one short line, without how it gets into the tree."""
    words = _unlimited(command)
    if words[: len(INTO_TREE)] == list(INTO_TREE):
        words = words[len(INTO_TREE) + 1 :]
    lines = " ".join(word.strip() for word in words).splitlines() or [""]
    return lines[0][:_SHOWN] + (" …" if len(lines) > 1 or len(lines[0]) > _SHOWN else "")


def _unlimited(command: Sequence[str]) -> list[str]:
    """Return the words of a command without the limit before it, and the place of its program."""
    if tuple(command[: len(_LIMITED)]) == _LIMITED:
        command = command[len(_LIMITED) + 1 :]
    return [Path(command[0]).name, *command[1:]]
