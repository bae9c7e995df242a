"""Shell scripts: in the future system, and on this machine."""

from __future__ import annotations

from dataclasses import dataclass

from vmdsl.language.files import Place
from vmdsl.language.handles import RootFs
from vmdsl.language.operations import Fact, Tree, TreeOperation
from vmdsl.language.recording import record, refuse


@dataclass(frozen=True, kw_only=True, eq=False)
class Chroot(TreeOperation):
    """A shell script that runs inside the future system."""

    script: str

    def summary(self) -> str:
        return f"chroot: {first_line(self.script)}"

    def apply(self, tree: Tree) -> None:
        tree.chroot("sh", "-ec", self.script)


def chroot(root: RootFs, script: str, *, unless: Fact | None = None) -> None:
    """Run a script in the system with `sh -e`: its programs, its files, its root.

    A failing command ends the build. No daemon starts, and none outlives the script.
    """
    record(Chroot(root=root, script=_script(script), unless=unless))


@dataclass(frozen=True, kw_only=True, eq=False)
class HostShell(TreeOperation):
    """A shell script that runs with this machine's programs."""

    programs = ("sh",)
    script: str

    def summary(self) -> str:
        return f"host shell: {first_line(self.script)}"

    def apply(self, tree: Tree) -> None:
        tree.run("sh", "-ec", self.script)


def host_shell(root: Place, script: str, *, unless: Fact | None = None) -> None:
    """Run a script with this machine's programs; `$ROOT` is the tree of the future system.

    It runs with `sh -e` in the recipe's directory, as root of the sandbox, which on the rest of
    this machine may do what you may do. Quote "$ROOT", and never let a path leave it.
    """
    record(HostShell(root=root, script=_script(script), unless=unless))


def first_line(script: str) -> str:
    """The first line that says something, and a mark where there is more."""
    lines = [line.strip() for line in script.strip().splitlines() if line.strip()]
    return lines[0] + (" …" if len(lines) > 1 else "")


def _script(script: str) -> str:
    if not script.strip():
        raise refuse("a shell script that says nothing", "write the commands, or remove the step")
    return script
