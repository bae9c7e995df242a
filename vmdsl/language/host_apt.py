"""apt of the machine that builds, asked about a system that isn't there yet."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from vmdsl.errors import CommandError
from vmdsl.language.operations import Tree

#: apt then prints, for each package that it would download, its address and checksum.
PRINT = ("-qq", "-y", "--print-uris", "-oAcquire::ForceHash=SHA256")
#: Runs the other arguments, with what they print in a file.
PRINT_TO = ("sh", "-c", 'exec "$@" >"$0"')
#: Nothing of this machine's own settings counts, as nothing of them does for mmdebstrap.
_SETTINGS = """\
Dir "{place}";
Dir::State "state";
Dir::State::Lists "{lists}";
Dir::State::Status "{place}/status";
Dir::Etc::SourceList "/dev/null";
APT::Architecture "{arch}";
APT::Architectures {{ "{arch}"; }};
APT::Install-Recommends "false";
Acquire::Languages "none";
pkgCacheGen::ForceEssential ",";
"""


def would_fetch(
    tree: Tree, names: Sequence[str], *, arch: str, lists: Path, sources: Sequence[Path]
) -> str:
    """What apt prints that it would download for packages, and what these need; "" if it can't.

    `names` are packages or apt's patterns, `lists` is an index, `sources` are the files that it
    was made from.
    """
    place, printed = tree.scratch / "apt", tree.scratch / "uris"
    folders = ("etc/apt/apt.conf.d", "etc/apt/preferences.d", "var/cache/apt/archives/partial")
    for folder in (*folders, "etc/apt/sources.list.d", "state"):
        (place / folder).mkdir(parents=True, exist_ok=True)
    for file in sources:
        (place / "etc/apt/sources.list.d" / file.name).symlink_to(file)
    (place / "status").touch()
    settings = place / "apt.conf"
    settings.write_text(_SETTINGS.format(place=place, lists=lists, arch=arch), encoding="utf-8")
    with suppress(CommandError):  # the real attempt says why
        command = ("apt-get", *PRINT, "install", *names)
        tree.run(*PRINT_TO, str(printed), *command, env={"APT_CONFIG": str(settings)})
    return printed.read_text("utf-8") if printed.exists() else ""


def same_index(tree: Tree, lists: Path) -> list[str]:
    """Options of mmdebstrap, by which its apt reads the index as `would_fetch` has, and faster."""
    cache = tree.scratch / "apt/var/cache/apt"
    return [
        f'--aptopt=Dir::State::Lists "{lists}"',
        f'--aptopt=Dir::Cache::srcpkgcache "{cache}/srcpkgcache.bin"',
        f'--aptopt=Dir::Cache::pkgcache "{cache}/pkgcache.bin"',
    ]
