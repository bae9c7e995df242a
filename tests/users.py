"""Somebody who runs vmdsl: this run's own user, or one that root makes and removes again."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import coverage

REPOSITORY = Path(__file__).parents[1]
IS_ROOT = os.geteuid() == 0
_MINUTES = 60
_FOLDER = Path("/var/tmp")
#: What useradd and userdel answer while a file of theirs is locked; and when all is well, or at
#: least the account is gone: userdel doesn't find the mailbox, or the home that a test removed.
_LOCKED = (1, 10)
_DONE = (0, 6, 12)


@dataclass(frozen=True, kw_only=True)
class User:
    """Somebody who runs vmdsl: an account, its home, and the checkout in it."""

    name: str
    home: Path
    checkout: Path
    cache: Path

    def argv(self, *command: str | Path) -> list[str]:
        """The command line that runs a command as this user; the process is the command's own."""
        account = pwd.getpwnam(self.name)
        become = (
            ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--init-groups"]
            if account.pw_uid != os.geteuid()
            else []
        )
        environment = [f"HOME={self.home}", f"USER={self.name}", f"VMDSL_CACHE={self.cache}"]
        return [*become, "env", *environment, *map(str, command)]

    def vmdsl(self, *arguments: str | Path) -> list[str]:
        """The command line of a vmdsl command."""
        return self.argv(self.checkout / ".venv/bin/vmdsl", *arguments)

    def run(
        self, *command: str | Path, timeout: float = 10 * _MINUTES
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in this user's home."""
        return self._run(self.argv(*command), timeout)

    def build(
        self, recipe: Path, *arguments: str | Path, timeout: float = 15 * _MINUTES
    ) -> subprocess.CompletedProcess[str]:
        """Run `vmdsl build`."""
        return self._run(self.vmdsl("build", recipe, *arguments), timeout)

    def _run(self, argv: list[str], timeout: float) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )

    def folder(self, name: str) -> Path:
        """A new folder of this user's."""
        made = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.home))
        self._own(made)
        return made

    def file(self, path: Path, content: str) -> Path:
        """Write a file that belongs to this user."""
        path.write_text(content, encoding="utf-8")
        self._own(path)
        return path

    def _own(self, path: Path) -> None:
        if IS_ROOT:
            account = pwd.getpwnam(self.name)
            os.chown(path, account.pw_uid, account.pw_gid)


@contextmanager
def ordinary_user() -> Iterator[User]:
    """An ordinary user for a while, with a checkout in which ./bootstrap has been run."""
    name = f"vmdsl-test-{os.getpid()}"
    folder = _FOLDER / name
    folder.mkdir(mode=0o755)
    try:
        someone = user_named(name, folder / "home")
        make_user(someone)
        check_out(someone)
        yield someone
    finally:
        remove_users(name)


def user_named(name: str, home: Path) -> User:
    """A user of that name, with a checkout; if this run is not root's, it is the run's own."""
    if not IS_ROOT:
        name = pwd.getpwuid(os.getuid()).pw_name
    checkout = home / "checkout" if IS_ROOT else REPOSITORY
    return User(name=name, home=home, checkout=checkout, cache=home / "cache")


def make_user(user: User) -> None:
    """Make the user's account, with a subuid range, and home; only the home if it is the run's."""
    if not IS_ROOT:
        user.home.mkdir()
        return
    key = ("--key", "HOME_MODE=0755")
    _change_users("useradd", "--create-home", "--home-dir", user.home, *key, user.name)
    ranges = Path("/etc/subuid").read_text(encoding="utf-8")
    assert f"{user.name}:" in ranges, "useradd gave the new user no subuid range"


def check_out(user: User) -> None:
    """Make the user's checkout of this tree, and run the doctor in it, as users do first.

    Coverage.py is all that vmdsl's processes need beyond that.
    """
    if IS_ROOT:
        _copy_tree(user)
        python = user.checkout / ".venv/bin/python"
        modules = (user.checkout / "vmdsl", user.checkout / "stdlib")
        measure = f"coverage=={coverage.__version__}"
        for command in (
            (user.checkout / "bootstrap", "vmdsl", "doctor"),
            (python, "-m", "pip", "--quiet", "install", "--no-deps", measure),
            (python, "-m", "compileall", "-q", *modules),
        ):
            ready = user.run(*command)
            assert ready.returncode == 0, ready.stdout


def remove_users(name: str) -> None:
    """Remove the user, and those whose names go on with a hyphen, with all that they run."""
    for account in pwd.getpwall() if IS_ROOT else ():
        if account.pw_name == name or account.pw_name.startswith(f"{name}-"):
            subprocess.run(["pkill", "-KILL", "-U", account.pw_name], check=False)
            _change_users("userdel", account.pw_name)  # with --remove, others wait for the files
    _remove_files(_FOLDER / name)


def _remove_files(folder: Path) -> None:
    """Remove a folder, eight parts of it at once: disks that discard take long for each file."""
    parts = f"find {folder} -xdev -depth -mindepth 4 -maxdepth 7 -type d -print0"
    script = f"{parts} | xargs -0r -P8 -n32 rm -rf; rm -rf {folder}"
    subprocess.run(["sh", "-c", script], check=False, stderr=subprocess.DEVNULL)


def remove_users_of_killed_runs() -> None:
    """Remove users and files of runs without time for it: no process has the number in the name."""
    names = [account.pw_name for account in pwd.getpwall()] + [it.name for it in _FOLDER.iterdir()]
    for run in {match[0] for name in names if (match := re.match(r"vmdsl-test-\d+", name))}:
        if not Path(f"/proc/{run.rpartition('-')[2]}").exists():
            remove_users(run)


def _change_users(*command: str | Path) -> None:
    """Run useradd or userdel, which don't wait long while another run of tests does the same."""
    for _ in range(20):
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode not in _LOCKED:
            break
        time.sleep(0.5)
    else:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode in _DONE, done.stderr


def _copy_tree(user: User) -> None:
    """Copy what git has, or would have, of this tree."""
    names = subprocess.run(
        [
            "git",
            "-c",
            f"safe.directory={REPOSITORY}",
            "ls-files",
            "-z",
            "-co",
            "--exclude-standard",
        ],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, names.split("\0")):
        source, target = REPOSITORY / name, user.checkout / name
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    subprocess.run(["chown", "-R", f"{user.name}:", user.checkout], check=True)
