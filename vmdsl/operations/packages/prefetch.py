"""Packages of later steps, downloaded while a bootstrap unpacks its own.

It is a help and no more: where it fails, the step downloads them itself, and says why it can't.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any

from vmdsl.errors import VmdslError
from vmdsl.language.effects import Tree, TreeOperation, package_cache
from vmdsl.language.handles import Mounted
from vmdsl.operations.packages.apt import Apt
from vmdsl.operations.packages.host_apt import HostApt

_FILE = re.compile(r"^'\S+' ([^_\s]+)_\S+\.deb ", re.MULTILINE)
#: A stanza of apt's index, or of dpkg's status, starts with this.
_PACKAGE = "Package: "
_INSTALLED = "Status: install ok installed\n"


@contextmanager
def prefetching(tree: Tree, apt: HostApt, root: Mounted[Any], printed: str) -> Iterator[None]:
    """Download packages that later operations install, while this one works.

    `printed` is what apt prints that it would download for the bootstrap.
    """
    later = certain(package_cache(tree).following, root)
    thread = Thread(target=_download, args=(tree, apt, printed, later))
    thread.start()
    try:
        yield
    finally:
        thread.join()


def certain(operations: Sequence[TreeOperation], root: Mounted[Any]) -> list[Apt]:
    """Return the operations that certainly install packages, from sources known by now."""
    return [
        operation
        for operation in operations
        if isinstance(operation, Apt)
        and operation.root.mounted is root
        and operation.packages
        and operation.unless is None
        and not operation.suite
        and not operation.architectures()
    ]


def as_installed(stanzas: str) -> str:
    """Return what apt shows of packages as dpkg's status if they were installed."""
    lines = stanzas.splitlines(keepends=True)
    return "".join(f"{line}{_INSTALLED}" if line.startswith(_PACKAGE) else line for line in lines)


def _download(tree: Tree, apt: HostApt, printed: str, later: Sequence[Apt]) -> None:
    if not later:
        return
    with suppress(VmdslError, OSError):
        folder = tree.scratch / "prefetch"
        folder.mkdir()
        status = folder / "status"
        names = sorted(set(_FILE.findall(printed)))
        status.write_text(as_installed(apt.show(names)), encoding="utf-8")
        for operation in later:
            options = (
                f"-oDir::State::Status={status}",
                "-oDir::Cache::pkgcache=",
                f"-oAPT::Install-Recommends={str(operation.recommends).lower()}",
            )
            wanted = apt.would_fetch(operation.packages, *options)
            with package_cache(tree).kept_packages(wanted) as (place, missing):
                if missing:
                    apt.download(operation.packages, place, *options)
