"""The real vmdb2, from this machine's mirror and apart from this machine's own packages."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.sides import host_mirror

#: The first suite that has vmdb2 0.41; it has those after it, too.
SUITE = "sid"
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclass(frozen=True)
class RealVmdb2:
    """The modules of vmdb2, for the system's own Python, which has what they need."""

    folder: Path

    def run(self, *argv: str | Path, cwd: Path, more: Mapping[str, str] | None = None) -> str:
        """Start Python with them, and with `more` in the environment; what it printed.

        Its mounts are its own: a build beside it that copied them would keep them in use.
        """
        env = {
            **os.environ,
            **(more or {}),
            "PYTHONPATH": str(self.folder),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        env.pop("VIRTUAL_ENV", None)
        done = subprocess.run(
            ["unshare", "--mount", "/usr/bin/python3", *argv],
            cwd=cwd,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def vmdb2(tmp_path_factory: pytest.TempPathFactory) -> RealVmdb2:
    """The newest one, from this machine's mirror and apart from this machine's own packages."""
    folder = tmp_path_factory.mktemp("vmdb2")
    for name in ("state/lists/partial", "cache/archives/partial", "parts"):
        (folder / name).mkdir(parents=True)
    source = f"deb [signed-by={KEYS}] {host_mirror()} {SUITE} main\n"
    (folder / "sources.list").write_text(source)
    (folder / "apt.conf").write_text(
        f'Dir::State "{folder}/state";\nDir::Cache "{folder}/cache";\n'
        f'Dir::Etc::sourcelist "{folder}/sources.list";\nDir::Etc::sourceparts "{folder}/parts";\n'
        'Acquire::Languages "none";\nAPT::Sandbox::User "root";\n'
    )
    env = {**os.environ, "APT_CONFIG": str(folder / "apt.conf")}
    for command in (["apt-get", "-q", "update"], ["apt-get", "-q", "download", "vmdb2"]):
        subprocess.run(command, cwd=folder, env=env, check=True, stdout=sys.stderr)
    (package,) = folder.glob("vmdb2_*.deb")
    subprocess.run(["dpkg-deb", "--extract", package, folder / "package"], check=True)
    return RealVmdb2(folder / "package/usr/lib/python3/dist-packages")
