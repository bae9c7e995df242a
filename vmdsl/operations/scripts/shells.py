"""Shell scripts: in the future system, and on this machine."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath

from vmdsl.errors import BuildError, Problem
from vmdsl.language.effects import Tree, TreeOperation
from vmdsl.language.handles import Disk, RootFs
from vmdsl.language.layout import Layout, Span, in_the_way, partition_spans
from vmdsl.language.operation import Fact, Script, operation, origin_of, record, refuse
from vmdsl.language.secret import Secret
from vmdsl.operations.files.directories import paths_below, with_targets
from vmdsl.operations.files.files import Place
from vmdsl.operations.packages.apt_index import index_for_script

_IN_SYSTEM = "/run/secrets"
#: An argument of a program has at most so many bytes (MAX_ARG_STRLEN, with the one at its end).
_LONGEST = 2**17 - 1
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
#: Commands that make a user and a home, and what may keep one in a script from being run here.
_WITH_HOME = re.compile(r"^.*\buseradd\b.*(?:--create-home|\s-\w*m).*$", re.MULTILINE)
_UID = re.compile(r"(?:--uid[ =]|\s-\w*u ?)(\d+)\b")
#: Words of a script by which packages, kernels or boot loaders may come, and files that it runs.
_MAY_INSTALL = re.compile(
    r"apt|dpkg|tasksel|debootstrap|\.deb\b|sources|repo|curl|wget|\bgit\b|rsync|tar\b|cpio|unzip"
    r"|\bmake\b|boot|vmlinu|kernel|grub|\bpip|\bsnap\b|python|perl|\beval\b|\bexec\s"
    r"|(?:^|[\n;&|({`])[ \t]*(?:\.{0,2}/|[\"']?\$|(?:ba|da|z)?sh\b|source\b|\.[ \t])"
)
#: The owner and the group that a command gives to files by number, though it may fail.
_CHOWN = re.compile(
    r"^[ \t]*chown\s+(?:-\S+\s+)*(\d*)(?:[:.](\d+))?(?=\s).*\|\|\s*(?:true|:)[ \t;]*$", re.MULTILINE
)
_MAY_NOT_RUN = re.compile(
    r"<<|\b(?:if|case|while|until|for|exit|return)\b|&&|^\s*#.*useradd", re.MULTILINE
)
#: What may keep a command from being run, and commands that write a file to the image.
_CONTROL = re.compile(
    r"<<|\\\n|\|\||&&|\(\)|(?:^|[\s;])(?:if|case|while|until|for|exit|return|function)(?:[\s;]|$)",
    re.MULTILINE,
)
_DD = re.compile(r"^[ \t]*dd[ \t]+([^\n;&|<>#]+)$", re.MULTILINE)
_TO_IMAGE = re.compile(r"\"?\$(?:IMAGE|\{IMAGE\})\"?")
#: Operands that change nothing about the place.
_HARMLESS = frozenset({"ibs", "conv", "status", "count", "skip"})
#: Numbers as dd takes them.
_UNITS = {"": 1, "c": 1, "b": 512, "k": 2**10, "K": 2**10, "KiB": 2**10, "M": 2**20, "MiB": 2**20}
_NUMBER = re.compile(r"(\d+)(\D*)")


def _offsets_of_dd(script: str) -> Iterator[tuple[str, int]]:
    """Yield the files that a script certainly writes to the image with dd, each with its offset."""
    if _CONTROL.search(script):
        return
    for words in _DD.findall(script):
        given = dict(word.split("=", 1) for word in words.split() if "=" in word)
        source, target = given.pop("if", "/dev/"), given.pop("of", "")
        seek = _number(given.pop("seek", "0"))
        block = _number(given.pop("obs", given.pop("bs", "512")))
        is_file = not source.startswith("/dev/") and given.keys() <= _HARMLESS
        if is_file and _TO_IMAGE.fullmatch(target) and seek and block:
            yield source.strip("\"'"), seek * block


def _number(text: str) -> int | None:
    """Return a number as dd takes it, if it is a simple one."""
    found = _NUMBER.fullmatch(text)
    return int(found[1]) * _UNITS[found[2]] if found and found[2] in _UNITS else None


def _owners_given(script: str) -> Iterator[tuple[str, int]]:
    """Yield the numbers that a script gives to files by commands whose failure it hides."""
    if not _MAY_NOT_RUN.search(script):
        for uid, gid in _CHOWN.findall(script):
            if uid:
                yield "uid", int(uid)
            if gid:
                yield "gid", int(gid)


@operation
class Chroot(TreeOperation):
    """A shell script that runs inside the future system."""

    reads_layout = False

    script: str
    secrets: dict[str, Secret]

    def summary(self) -> str:
        return f"chroot: {first_line(self.script)}"

    def may_write(self, path: str) -> bool:
        return PurePosixPath(path).name in self.script

    def may_install(self) -> bool:
        return _MAY_INSTALL.search(self.script) is not None

    def scripts(self) -> tuple[Script, ...]:
        return (Script(text=self.script),)

    def owner_numbers(self) -> Iterator[tuple[str, int]]:
        """Yield those of homes that it makes, and of files if it hides that chown fails."""
        if not _MAY_NOT_RUN.search(self.script):
            for line in _WITH_HOME.findall(self.script):
                for number in _UID.findall(line):
                    yield from (("uid", int(number)), ("gid", int(number)))
        yield from _owners_given(self.script)

    def apply(self, tree: Tree) -> None:
        """Run it. The secrets are in the memory that is at /run while an operation works."""
        index_for_script(tree, self.root, self.script)
        env = {}
        if self.secrets:
            if not tree.inside(_has_memory):
                raise BuildError(
                    "the system has no directory /run, where secrets could be given",
                    code="in-the-way",
                )
            tree.mkdir(_IN_SYSTEM, mode=0o700)
            env["SECRETS"] = _IN_SYSTEM
        for name, secret in self.secrets.items():
            tree.write(f"{_IN_SYSTEM}/{name}", tree.reveal(secret), mode=0o400)
        tree.chroot("sh", "-ec", self.script, env=env, script=True)


def _has_memory() -> bool:
    return os.path.ismount("/run")


def chroot(
    root: RootFs,
    script: str,
    *,
    secrets: Mapping[str, Secret] | None = None,
    unless: Fact | None = None,
) -> None:
    """Run a script in the system with `sh -e`: its programs, its files, its root.

    A failing command ends the build. No daemon starts, and none outlives the script, nor does what
    it mounts. No file gets larger than the image's largest filesystem. A system without an index of
    packages, such as one from a tarball, gets it before a script that installs some. Each of
    `secrets` is a file in `$SECRETS`, by its name, for root alone; they are gone after the script.
    """
    record(Chroot(root=root, script=checked_script(script), secrets=_named(secrets), unless=unless))


@operation
class HostShell(TreeOperation):
    """A shell script that runs with this machine's programs."""

    reads_layout = False

    programs = ("sh",)
    script: str
    secrets: dict[str, Secret]
    inputs: tuple[Path, ...] | None
    image: Disk | None

    def summary(self) -> str:
        return f"host shell: {first_line(self.script)}"

    def scripts(self) -> tuple[Script, ...]:
        return (Script(text=self.script),)

    def owner_numbers(self) -> Iterator[tuple[str, int]]:
        """Yield those of files, if it hides that chown fails."""
        yield from _owners_given(self.script)

    def is_repeatable(self) -> bool:
        return self.inputs is not None

    def check_layout(self, layout: Layout) -> Iterator[Problem]:
        """Report a file that its dd writes to a place in a partition, whose content comes later."""
        for file, offset in _offsets_of_dd(self.script) if self.image else ():
            span = Span(start=offset, end=offset + 1, what=f"the bytes of {file}")
            if problem := in_the_way(span, partition_spans(layout), layout.size):
                yield self.problem(
                    problem,
                    "start the partition later, such as at 16 MiB",
                    about="script",
                    code="write-place",
                )

    def local_directories(self) -> tuple[Path, ...]:
        start = self.directory
        return tuple(path for path in self.inputs or () if (start / path).is_dir())

    def local_files(self) -> tuple[Path, ...]:
        start, directories = self.directory, self.local_directories()
        files = {path for path in self.inputs or () if path not in directories}
        for directory in directories:
            files |= set(paths_below(start, directory))
        return with_targets(start, sorted(files, key=os.fsencode))

    def apply(self, tree: Tree) -> None:
        """Run it. The secrets are in memory, too."""
        index_for_script(tree, self.root, self.script)
        env: dict[str, str] = {}
        with ExitStack() as stack:
            if self.image is not None:
                env["IMAGE"] = str(stack.enter_context(tree.image()))
            if self.secrets:
                env["SECRETS"] = str(stack.enter_context(self._revealed(tree)))
            tree.run("sh", "-ec", self.script, env=env, script=True)

    @contextmanager
    def _revealed(self, tree: Tree) -> Iterator[Path]:
        folder = tree.scratch / "secrets"
        folder.mkdir()
        tree.run("mount", "-t", "tmpfs", "-o", "mode=0700", "tmpfs", str(folder))
        for name, secret in self.secrets.items():
            (folder / name).write_bytes(tree.reveal(secret))
            (folder / name).chmod(0o400)
        yield folder
        tree.run("umount", "--lazy", str(folder))


def host_shell(
    root: Place,
    script: str,
    *,
    inputs: Sequence[str | Path] | None = None,
    image: Disk | None = None,
    secrets: Mapping[str, Secret] | None = None,
    unless: Fact | None = None,
) -> None:
    """Run a script with this machine's programs; `$ROOT` is the tree of the system.

    It runs with `sh -e` in the recipe's directory, as root of the sandbox, with only your own
    permissions on the rest of this machine. Quote "$ROOT", and never let a path leave it. `secrets`
    as for chroot.

    As vmdsl cannot know what the script reads, it and everything after it runs again in every
    build. With `inputs` the result is kept until one of these files and directories changes; they
    are relative to the recipe's directory, and `inputs=()` means that it reads none.

    With `image`, the script may write to the disk image, too: `$IMAGE` is a file as large as it
    that contains only the partition table. Bytes written there, outside the table and all
    partitions, are copied to the image when that is made. If the script changes anything else in
    `$IMAGE`, or its size, the build fails. The disk has a size, and there are no `inputs`.
    """
    if isinstance(inputs, str | Path):
        raise refuse(
            f"inputs={inputs!r} is one path",
            f"give a tuple: inputs=({str(inputs)!r},)",
            code="text-for-list",
        )
    if image is not None:
        _check_image(image, inputs)
    record(
        HostShell(
            root=root,
            script=checked_script(script),
            secrets=_named(secrets),
            inputs=None if inputs is None else tuple(Path(path) for path in inputs),
            image=image,
            unless=unless,
        )
    )


def _check_image(image: Disk, inputs: Sequence[str | Path] | None) -> None:
    if not isinstance(image, Disk):
        raise refuse("image= is not a disk", "give what mkimg() returns", code="host-shell-image")
    if image.size is None:
        raise refuse(
            f"the size of {image.name} is not known yet when this script runs",
            f"give it one: mkimg(GiB(4)) ({origin_of(image).where}); or use image_shell()",
            code="host-shell-image",
        )
    if inputs is not None:
        raise refuse(
            "a script that writes to the image runs in every build, so it has no inputs=",
            "leave out inputs=; or write to the image in a step of its own",
            code="host-shell-image",
        )


def first_line(script: str) -> str:
    """Return the first line that isn't empty, with a mark if there are more."""
    lines = [line.strip() for line in script.strip().splitlines() if line.strip()]
    return lines[0] + (" …" if len(lines) > 1 else "")


def checked_script(script: str) -> str:
    """Return the script; refuse an empty one, and one that no shell can be given."""
    if not script.strip():
        raise refuse(
            "an empty shell script",
            "write the commands, or remove the step",
            about="script",
            code="script",
        )
    if "\0" in script:
        hint = r"write it as r'…', or \\0 where a program of the script is to see \0"
        raise refuse("the script has a NUL character", hint, about="script", code="script")
    if len(script.encode("utf-8", "surrogateescape")) > _LONGEST:
        raise refuse(
            f"the script is longer than {(_LONGEST + 1) // 1024} KiB, which Linux gives no program",
            "put it, or its data, into a file: copy_file()",
            about="script",
            code="script",
        )
    return script


def _named(secrets: Mapping[str, Secret] | None) -> dict[str, Secret]:
    for name in secrets or {}:
        if not _FILE_NAME.fullmatch(name):
            raise refuse(
                f"{name!r} is not the name of a file", "name the secret like TOKEN", code="secret"
            )
    return dict(secrets or {})
