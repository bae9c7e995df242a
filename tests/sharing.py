"""What the processes of one run of tests share, and how the tests are divided between them.

The process that started the run, the only one with -n0, is the controller: it has the run's folder
named, and removes it, with all users of the run, when everything has ended, or is interrupted.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from users import remove_users

#: The tests that take longest, the longest first: each line is the start of names of tests that
#: one process runs in a row. All other tests follow, file by file. A line of a file stands
#: for what of it no other line names.
LONGEST = (
    *(
        f"tests/integration/{name}"
        for name in (
            "images/test_upgrades.py",
            "images/test_boot.py::test_image_boots[ansible",
            "images/test_boot.py::test_image_boots[hybrid",
            "vmdb2/test_built.py",
            "test_lvm.py::test_a_system_on_lvm_starts",
            "images/test_remote.py::test_a_worker_of_i386_lets_its_key_in",
            "images/test_boot.py::test_signed_files_stay_so",
            "filesystems/test_images.py::test_the_kernel_finds_all_of_it",
            "filesystems/test_images.py",
            "images/test_remote.py",
            "images/test_boot.py::test_image_boots[cloud",
            "test_emulation.py::test_an_ordinary_user_builds_a_system_of_another_architecture[arm64",
            "images/test_boot.py",
            "test_i386.py",
            "vmdb2/builds/test_announcement.py",
            "vmdb2/builds/test_same_system.py",
            "images/test_bytes.py",
            "images/test_content.py",
            "test_kill.py",
            "test_layer_cache.py",
            "apt/test_packages.py",
            "apt/test_kept.py",
            "test_hostile.py",
            "test_on_error.py",
            "test_library.py",
            "test_ansible.py",
            "test_troubles.py",
            "test_types.py",
        )
    ),
    "tests/docs/test_docs.py",
    "tests/unit/vmdb2/test_one_mistake.py",
    "tests/typing/test_wrong.py",
    "tests/typing/test_editors.py",
)


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of tests, by the name that its users have, too; its folder, once it is made."""

    name: str

    @property
    def folder(self) -> Path:
        return Path("/var/tmp") / self.name

    def once(self, name: str, make: Callable[[], object]) -> None:
        """Make something, unless another process of the run has; if one is at it, wait for it."""
        self.folder.mkdir(mode=0o755, exist_ok=True)
        done = self.folder / f"{name}.done"
        with (self.folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                make()
                done.touch()

    def end(self) -> None:
        """Remove all that the run has made on this machine, and end what still runs of it."""
        if self.folder.exists():
            remove_users(self.name)


def is_controller(config: pytest.Config) -> bool:
    """Return whether this process has started a run of tests, and not only collects them."""
    return not hasattr(config, "workerinput") and not config.option.collectonly


def run_of(config: pytest.Config) -> Run:
    """The run that this process is a part of."""
    given: dict[str, str] = getattr(config, "workerinput", {})
    return Run(name=given.get("run", f"vmdsl-test-{os.getpid()}"))


def scope_of(test: str) -> str:
    """The name of what one process runs in a row: a line of `LONGEST`, else the file."""
    file = test.partition("::")[0]
    return max((line for line in LONGEST if test.startswith(line)), key=len, default=file)


def rank_of(test: str) -> int:
    """The place of a test's scope among the longest; all others come after them."""
    scope = scope_of(test)
    return LONGEST.index(scope) if scope in LONGEST else len(LONGEST)


class LongestFirst(LoadScopeScheduling):
    """Gives out scopes in the order of the collection: whoever has finished gets the next one."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)

    def remove_node(self, node: WorkerController) -> str | None:
        """Let a test that ended its process fail once: xdist would give it to the next one, too."""
        for tests in self.assigned_work[node].values():
            for test, is_done in tests.items():
                if not is_done:
                    tests[test] = True
                    super().remove_node(node)
                    return test
        return super().remove_node(node)
