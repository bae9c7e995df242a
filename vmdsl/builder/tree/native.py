"""Programs of this machine's architecture, at work in place of a tree's emulated ones.

They are the same programs: of packages of the system's own suite, which are unpacked beside the
tree. So the tree gets the same bytes from them, in a quarter of the time.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from vmdsl.builder.tree import native_rules
from vmdsl.builder.tree.native_rules import PLACE, SCRIPTS, make_rules, remove_rules, switch_off
from vmdsl.builder.tree.unpacked import loader_in, make_root, write_script
from vmdsl.emulation import RULES
from vmdsl.errors import VmdslError
from vmdsl.language.effects import Tree
from vmdsl.operations.systems.roots import RootMaker

#: What scripts of packages start thousands of times, and what has much to do. Nothing of it says
#: or asks which architecture it is for, as uname, dpkg and perl do.
_PROGRAMS = (
    ("apt", "apt-get"),
    ("coreutils", "basename cat chmod comm cp cut dirname env expr head id install ln mkdir"),
    ("coreutils", "mktemp mv readlink realpath rm rmdir sort stat tac tail tee touch tr uniq wc"),
    ("cpio", "cpio"),
    ("dash", "dash"),
    ("debianutils", "run-parts"),
    ("diffutils", "cmp diff"),
    ("dpkg", "dpkg-deb"),
    ("findutils", "find xargs"),
    ("grep", "grep"),
    ("gzip", "gzip"),
    ("kmod", "kmod"),
    ("mawk", "mawk"),
    ("sed", "sed"),
    ("tar", "tar"),
    ("xz-utils", "xz"),
    ("zstd", "zstd"),
)
#: What a program is to be told, as otherwise it works for this machine's architecture.
_WORDS = {"apt-get": "-oAPT::Architecture={arch} "}
#: Its shell needs no library, so it can be a script's interpreter where there is none.
_SHELL_PACKAGE = "busybox-static"
#: The script of a program. It gets itself, the tree's program, the first word, and the others.
_SCRIPT = """\
#!{place}/bin/busybox sh
shift
name=$1
shift
exec {loader} --library-path {libraries} --argv0 "$name" {place}/bin/{name} {words}"$@"
"""


@dataclass(kw_only=True)
class NativePrograms:
    """The programs for a system, in `devices`, the /dev of the tree."""

    system: RootMaker
    devices: Path
    _are_there: bool | None = field(default=None, init=False)

    @contextmanager
    def at_work(self, tree: Tree, *, only_initramfs: bool = False) -> Iterator[None]:
        """Let programs of a tree be replaced meanwhile, if those of this machine can be had.

        With `only_initramfs`, they are replaced only while mkinitramfs works.
        """
        if not self._are_unpacked(tree):
            yield
            return
        make_rules(tree.path, self._place)
        try:
            if only_initramfs:
                switch_off()
            yield
        finally:
            remove_rules()

    def hooks(self, tree: Tree) -> tuple[str, str]:
        """Return the same as shell commands: see `PackageCache.native_hooks`."""
        if not self._are_unpacked(tree):
            return "", ""
        there, ours = f'"$1{PLACE}"', shlex.quote(str(self._place))
        rules = shlex.join([sys.executable, "-P", "-m", native_rules.__name__])
        return (
            f'mkdir {there} && mount --bind {ours} {there} && {rules} "$1" {ours}',
            f"umount --lazy {there} && rmdir {there}",
        )

    @property
    def _place(self) -> Path:
        return self.devices / PLACE.name

    def _are_unpacked(self, tree: Tree) -> bool:
        """Return whether the programs are there. They are unpacked when they are first wanted."""
        if self._are_there is None:
            self._are_there = False
            if RULES.is_mount():  # the sandbox has rules of its own
                with suppress(VmdslError, OSError):
                    self._are_there = self._unpack(tree)
        return self._are_there

    def _unpack(self, tree: Tree) -> bool:
        make_root(self._place)
        packages = sorted({_SHELL_PACKAGE, *(package for package, _ in _PROGRAMS)})
        if not self.system.unpack_native(tree, packages, self._place):
            return False
        loader = loader_in(self._place)
        assert loader is not None  # noqa: S101 (it is unpacked with any program)
        inside = PLACE / loader.relative_to(self._place)
        (self._place / SCRIPTS).mkdir()
        for name in (name for _, names in _PROGRAMS for name in names.split()):
            if not (self._place / "bin" / name).is_file():
                continue
            text = _SCRIPT.format(
                place=PLACE,
                loader=inside,
                libraries=inside.parent,
                name=name,
                words=_WORDS.get(name, "").format(arch=self.system.arch),
            )
            write_script(self._place / SCRIPTS / name, text)
        return True
