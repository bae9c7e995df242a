"""The index of packages, for scripts that install some in a system that came without one."""

from __future__ import annotations

import re

from vmdsl.language.effects import Tree
from vmdsl.language.handles import RootFs
from vmdsl.operations.packages.apt import proxy_environment
from vmdsl.operations.packages.apt_errors import explained
from vmdsl.operations.packages.apt_index import current_index, has_index, use_index

_INSTALLS = re.compile(
    r"\b(?:apt|apt-get|aptitude)\b[^\n;&|]*"
    r"\b(?:install|reinstall|satisfy|upgrade|full-upgrade|dist-upgrade|build-dep|download|source)\b"
)


def index_for_script(tree: Tree, root: object, script: str) -> None:
    """Give a system its index, if it has none and a script is about to install packages."""
    if not isinstance(root, RootFs) or not _INSTALLS.search(script) or tree.inside(has_index):
        return
    with explained():
        index = current_index(tree, root, (), proxy_environment(root.proxy))
        if index is not None:
            use_index(tree, index)
