"""Specifications as people wrote them, made to fit this machine's mirror, and built by a user."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from vmdb2.looked_at import Steps, scripts
from vmdb2.specifications import CORPUS, corpus

_MINUTES = 60
#: Suites that no mirror has any more, with a package of theirs; the mirrors of the corpus.
_GONE = {
    r"(?<=debootstrap: )(?:stretch|buster)\b": "bookworm",
    r"(?<=http://security\.mirror\.example/) (?:buster/updates|bookworm-security)": (
        "debian-security bookworm-security"
    ),
    r"\bbuster\b(?= main)|\bbuster(?=-updates|-backports)": "bookworm",
    r"(?m)(?<=apt: )python$|(?<=- )python$": "python3",
}
_MIRROR = re.compile(r"http://(?:security\.)?mirror\.example/debian")
#: What stands in for local files. The playbook lets root in, and writes what it was given; that of
#: boards, in .yaml, does without Python. The service makes a key for an SSH server.
_STAND_INS = {
    ".yml": """\
- hosts: image
  gather_facts: false
  tasks:
    - command: passwd --quiet --delete root
      tags: always
    - copy: {content: "by ansible {{ [VARIABLES] | to_json }}", dest: /etc/trace}
      tags: always
""",
    ".yaml": """\
- hosts: image
  gather_facts: false
  tasks:
    - raw: passwd --quiet --delete root
""",
    ".service": """\
[Unit]
Before=ssh.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo started >/run/stand-in'
ExecStart=-/usr/bin/ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key
[Install]
WantedBy=multi-user.target
""",
}

#: A local file that a script installs in the system.
_INSTALLED = re.compile(r"""install (?:-\w \S+ )*([\w.-][\w./-]*) "?\$""")


@dataclass(frozen=True, kw_only=True)
class Specification:
    """A specification in a folder of the user's, who is there when it is built."""

    user: Any
    folder: Path
    file: Path
    steps: Steps

    def run(self, *command: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command in the folder."""
        return subprocess.run(
            self.user.argv("env", f"--chdir={self.folder}", *command),
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=60 * _MINUTES,
            check=False,
        )

    def vmdsl(self, *words: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run vmdsl there."""
        return self.run(self.user.checkout / ".venv/bin/vmdsl", *words, stdin=stdin)

    def build(self, output: str, *words: str) -> str:
        """Build it, and give what was said."""
        done = self.vmdsl("build", self.file.name, "--output", output, *words)
        assert done.returncode == 0, done.stdout
        return done.stdout


@pytest.fixture(scope="session")
def copied(user: Any, host_mirror: str) -> Callable[..., Specification]:
    """Copies a specification to a folder of the user's, with stand-ins for its local files.

    Nothing in it is changed but the mirror, and what is gone with old suites. If it is to be
    trimmed, packages are left out that nothing else in it speaks of: they only take time.
    """

    def copy(origin: Path, *, trimmed: bool = False) -> Specification:
        text = origin.read_text(encoding="utf-8")
        steps = steps_of(text)
        for gone, instead in _GONE.items():
            text = re.sub(gone, instead, text)
        text = _MIRROR.sub(host_mirror.rstrip("/"), text)
        folder = user.folder("specification")
        if trimmed:
            text = _trimmed(text, steps)
        for step in steps:
            for key in ("src", "playbook"):
                if not step.get(key, "/").startswith("/"):
                    path = folder / step[key]
                    _stand_in(path / "file" if "copy-dir" in step else path, step)
        for name in _INSTALLED.findall(scripts(steps)):
            _stand_in(folder / name)
        file = user.file(folder / "spec.vmdb", text)
        return Specification(user=user, folder=folder, file=file, steps=steps_of(text))

    return copy


def _trimmed(text: str, steps: Steps) -> str:
    """Without the packages that nothing else speaks of, but comments."""
    spoken_of = re.sub(r"(?m)(^|\s)#.*", "", text)
    for name in (name for step in steps for name in step.get("packages", ())):
        named = len(re.findall(rf"(?<![\w-]){re.escape(name)}(?![\w-])", spoken_of))
        if named == 1 and not name.startswith(("linux-image", "python3")):
            text = re.sub(rf"(?m)^ *- {re.escape(name)}\n", "", text)
    return text


def _stand_in(file: Path, step: Mapping[str, Any] | None = None) -> None:
    variables = ", ".join((step or {}).get("extra_vars", ()))
    text = _STAND_INS.get(file.suffix, "# stand-in\n").replace("VARIABLES", variables)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def steps_of(text: str) -> Steps:
    """The steps of a specification; none where it is no YAML before something is put into it."""
    try:
        return yaml.safe_load(text)["steps"]  # type: ignore[no-any-return]
    except yaml.YAMLError:
        return ()


@pytest.fixture(scope="session")
def fewest() -> Callable[[Callable[[Steps], bool]], Path]:
    """Finds the specification that suits and has the fewest packages."""
    if not CORPUS:
        pytest.skip("VMDSL_CORPUS names no folder with specifications: none was built")
    known = [(path, steps_of(path.read_text(encoding="utf-8"))) for path in corpus()]

    def find(suits: Callable[[Steps], bool]) -> Path:
        suiting = [(_packages(steps), path) for path, steps in known if suits(steps)]
        assert suiting, "no specification of the corpus is of this kind"
        return min(suiting)[1]

    return find


def _packages(steps: Steps) -> int:
    return sum(len(step.get("packages", ())) for step in steps)


@pytest.fixture(scope="session")
def announcement(user: Any) -> Specification:
    """The specification that vmdb2 is measured with."""
    folder = user.folder("announcement")
    origin = user.checkout / "tests/bench/announcement.vmdb"
    text = origin.read_text(encoding="utf-8")
    file = user.file(folder / "announcement.vmdb", text)
    return Specification(user=user, folder=folder, file=file, steps=steps_of(text))
