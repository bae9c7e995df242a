"""Another Debian to build on: its programs and its Python, as in a container, on this kernel."""

from __future__ import annotations

import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from users import User
from vmdsl.host.packages import wanted

#: Like a machine of its own: a user namespace cannot be made in a mere chroot.
_ENTER = """\
tree=$1 home=$2
shift 2
mount --bind "$tree" "$tree"
for place in /dev /sys /proc "$home"; do
    mount --rbind "$place" "$tree$place"
done
cd "$tree"
pivot_root . mnt
umount -l /mnt
exec "$@"
"""
_VENV = Path("/opt/venv")
_INSTALL = """\
python3 -m venv {venv}
{venv}/bin/pip --quiet install --no-index --find-links "$1" vmdsl
"""


@dataclass(frozen=True, kw_only=True)
class Elsewhere(User):
    """A user of this machine on another Debian, whose root directory is `tree`."""

    tree: Path

    def argv(self, *command: str | Path) -> list[str]:
        return [*_enter(self), *super().argv(*command)]

    def vmdsl(self, *arguments: str | Path) -> list[str]:
        return self.argv(_VENV / "bin/vmdsl", *arguments)


def debian(suite: str, user: User, folder: Path) -> Elsewhere:
    """Make a Debian that has what builds need, and vmdsl. Only root can do that."""
    there = Elsewhere(
        name=user.name,
        home=user.home,
        checkout=user.checkout,
        cache=user.home / f"cache-{suite}",
        tree=folder / suite,
    )
    names = ",".join((*wanted("venv"), *wanted("build"), "ca-certificates"))
    make = ("mmdebstrap", "--variant=minbase", f"--include={names}", suite, there.tree)
    _run(*make)
    _add_user(there)
    wheels = user.folder(f"wheels-{suite}")
    pip = (user.checkout / ".venv/bin/python", "-m", "pip", "--quiet")
    version = _run(
        *_enter(there), "python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"
    )
    _run(*pip, "wheel", "--no-deps", f"--wheel-dir={wheels}", user.checkout)
    needed = ("download", "--only-binary=:all:", f"--python-version={version.strip()}")
    _run(*pip, *needed, f"--dest={wheels}", f"--find-links={wheels}", "vmdsl")
    _run(*_enter(there), "sh", "-ec", _INSTALL.format(venv=_VENV), "sh", wheels)
    shutil.rmtree(wheels)
    return there


def _add_user(there: Elsewhere) -> None:
    """Let the user have the same numbers there as here, and the same place for files."""
    account = pwd.getpwnam(there.name)
    for file in ("passwd", "subuid", "subgid"):
        own = [
            line
            for line in Path("/etc", file).read_text(encoding="utf-8").splitlines()
            if line.startswith(f"{there.name}:")
        ]
        with (there.tree / "etc" / file).open("a", encoding="utf-8") as copy:
            copy.writelines(f"{line}\n" for line in own)
    with (there.tree / "etc/group").open("a", encoding="utf-8") as groups:
        groups.write(f"{there.name}:x:{account.pw_gid}:\n")
    (there.tree / str(there.home).lstrip("/")).mkdir(parents=True)
    resolver = Path("/etc/resolv.conf").read_text(encoding="utf-8")
    (there.tree / "etc/resolv.conf").write_text(resolver, encoding="utf-8")


def _enter(there: Elsewhere) -> list[str]:
    inside = ("unshare", "--mount", "--propagation=private", "sh", "-ec", _ENTER, "sh")
    return [*map(str, (*inside, there.tree, there.home))]


def _run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
