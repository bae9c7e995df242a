"""apt of the machine that builds, at work for a system that isn't there yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from vmdsl.errors import CommandError
from vmdsl.language.effects import Tree, package_cache
from vmdsl.operations.packages.sources import DEBIAN_KEYS, Source, suffix_of

#: apt then prints, for each package that it would download, its address and checksum.
PRINT = ("-qq", "-y", "--print-uris", "-oAcquire::ForceHash=SHA256")
#: Runs the other arguments, with what they print in a file.
PRINT_TO = ("sh", "-c", 'exec "$@" >"$0"')
#: Nothing of this machine's own settings counts, as nothing of them does for mmdebstrap.
_SETTINGS = """\
Dir "{place}";
Dir::State "state";
Dir::State::Lists "{place}/lists";
Dir::State::Status "{place}/status";
Dir::Etc::SourceList "/dev/null";
APT::Architecture "{arch}";
APT::Architectures {{ "{arch}"; }};
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
pkgCacheGen::ForceEssential ",";
"""
#: Unpacks the package $0 in the directory $1, in which /bin is a symlink.
_UNPACK = """\
dpkg-deb --fsys-tarfile "$0" |
    tar -x -C "$1" --no-same-owner --keep-directory-symlink --exclude=./usr/share
"""


@dataclass(frozen=True, kw_only=True)
class HostApt:
    """apt with sources of its own. `options` are more settings, as lines of apt's."""

    tree: Tree
    arch: str
    options: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def _place(self) -> Path:
        return self.tree.scratch / f"apt-{self.arch}"

    def use(self, lists: Path, sources: Sequence[Path]) -> None:
        """Let the index be in `lists`, a directory, and `sources` be what it is made from."""
        place = self._place
        folders = ("etc/apt/apt.conf.d", "etc/apt/preferences.d", "var/cache/apt/archives/partial")
        for folder in (*folders, "etc/apt/sources.list.d", "state"):
            (place / folder).mkdir(parents=True, exist_ok=True)
        (place / "status").touch()
        for link, target in [
            # Caches of the index are taken for those of the same files only by the same names.
            (place / "lists", lists),
            *(
                (place / "etc/apt/sources.list.d" / f"{number:04}{file.name}", file)
                for number, file in enumerate(sources)  # mmdebstrap names them so, too
            ),
        ]:
            link.unlink(missing_ok=True)
            link.symlink_to(target)
        settings = _SETTINGS.format(place=place, arch=self.arch)
        lines = [settings, *(f"{option};\n" for option in self.options)]
        (place / "apt.conf").write_text("".join(lines), encoding="utf-8")

    def update(self) -> None:
        """Fetch the index."""
        self.tree.run("apt-get", "-q", "update", "--error-on=any", env=self._env)

    def would_fetch(self, names: Sequence[str], *options: str) -> str:
        """Return what apt prints that it would download for packages or patterns, or ""."""
        return self._printed("uris", "apt-get", *PRINT, *options, "install", *names)

    def show(self, names: Sequence[str]) -> str:
        """Return what the index says of packages."""
        return self._printed("shown", "apt-cache", "--no-all-versions", "show", *names)

    def download(self, names: Sequence[str], place: Path, *options: str) -> None:
        """Download what an installation of packages would take. Raises CommandError."""
        command = ("apt-get", "-qq", "-y", "--download-only", f"-oDir::Cache::archives={place}")
        nowhere = (*PRINT_TO, "/dev/null")
        self.tree.run(*nowhere, *command, *options, "install", *names, env=self._env)

    def unpack(self, names: Sequence[str], place: Path) -> None:
        """Unpack packages and what they need, without documents and without running a script.

        Raises CommandError.
        """
        cache = package_cache(self.tree)
        with cache.kept_packages(self.would_fetch(names)) as (folder, missing):
            if missing:
                self.download(names, folder)
            for deb in sorted(folder.glob("*.deb")):
                self.unpack_file(deb, place)

    def unpack_file(self, deb: Path, place: Path) -> None:
        """Unpack one package. Raises CommandError."""
        self.tree.run("sh", "-ec", _UNPACK, str(deb), str(place))

    def _printed(self, name: str, *command: str) -> str:
        file = self.tree.scratch / name
        file.unlink(missing_ok=True)
        with suppress(CommandError):  # the real attempt says why
            self.tree.run(*PRINT_TO, str(file), *command, env=self._env)
        return file.read_text("utf-8") if file.exists() else ""

    def shared(self) -> list[str]:
        """Return settings by which another apt reads the index and its caches as this one does."""
        cache = self._place / "var/cache/apt"
        return [
            f'Dir::State::Lists "{self._place / "lists"}"',
            f'Dir::Cache::srcpkgcache "{cache}/srcpkgcache.bin"',
            f'Dir::Cache::pkgcache "{cache}/pkgcache.bin"',
        ]

    @property
    def _env(self) -> Mapping[str, str]:
        return {**self.env, "APT_CONFIG": str(self._place / "apt.conf")}


def sources_for_host(tree: Tree, main: Sequence[Source], more: Sequence[Source]) -> list[Path]:
    """Write and return files for mmdebstrap, with the sources as programs of the host see them."""
    files = []
    for group in (main, *([source] for source in more)):
        file = tree.scratch / f"{group[0].name}.sources"
        stanzas = [source.stanza(_keys_for_host(tree, source)) for source in group]
        file.write_text("\n".join(stanzas), encoding="utf-8")
        files.append(file)
    return files


def _keys_for_host(tree: Tree, source: Source) -> str:
    """Return where the host's apt finds the keys of a source, by a name that it accepts."""
    for keyring in source.keyring_files:
        keys = (tree.recipe_directory / keyring).read_bytes()
        copy = tree.scratch / f"{source.name}{suffix_of(keys)}"
        copy.write_bytes(keys)
        return str(copy)
    return "" if source.trusted else str(DEBIAN_KEYS)
