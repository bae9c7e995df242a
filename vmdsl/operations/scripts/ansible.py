"""Ansible: this machine's, at work on the system without a connection to it."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from vmdsl.errors import BuildError, Problem
from vmdsl.language.effects import Tree, TreeOperation
from vmdsl.language.handles import RootFs
from vmdsl.language.operation import Fact, Operation, operation, record, refuse
from vmdsl.language.secret import Secret
from vmdsl.operations.files.directories import paths_below, with_targets
from vmdsl.operations.packages.named import installing, named_above
from vmdsl.operations.scripts.playbooks import playbook_mistakes
from vmdsl.operations.scripts.stand_ins import PLACE

#: What Ansible looks for beside a playbook. It looks for collections and for modules there too.
_BESIDE = (
    *("collections", "defaults", "files", "filter_plugins", "group_vars", "handlers", "host_vars"),
    *("library", "lookup_plugins", "meta", "module_utils", "roles", "tasks", "templates", "vars"),
)
_TEXTS = (".yml", ".yaml", ".json")
#: In a tag of a playbook, or in the name of a group, nothing else is of use.
_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
#: What most systems have, and what brings no Python.
_WITHOUT_PYTHON = re.compile(
    r"(linux-(image|headers)|grub|firmware|openssh)-.*|systemd(-sysv)?|udev|dbus|ifupdown|iproute2"
    r"|ssh|curl|wget|sudo|parted|fdisk|locales|vim|nano|rsync|ca-certificates|zerofree"
)
_PYTHON = "/usr/bin/python3"
_PATH = f"{PLACE}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#: The tree's programs see none of this machine's environment, as with tree.chroot().
_INTO_THE_TREE = f"""\
#!/bin/sh
exec env -i HOME=/root PATH={_PATH} TERM=dumb LC_ALL=C.UTF-8 TZ=UTC \\
    SYSTEMD_OFFLINE=1 PYTHONDONTWRITEBYTECODE=1 \\
    ${{SOURCE_DATE_EPOCH:+SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH}} \\
    ${{http_proxy:+http_proxy=$http_proxy}} ${{https_proxy:+https_proxy=$https_proxy}} \\
    ${{no_proxy:+no_proxy=$no_proxy}} setpriv --bounding-set=-sys_ptrace chroot "$@"
"""
#: Settings of the user who builds count for nothing; the configuration of the recipe does.
_RUN = """\
for name in $(env | sed -n 's/^\\(ANSIBLE_[A-Z0-9_]*\\)=.*/\\1/p'); do unset "$name"; done
export HOME="$TMPDIR/home" PYTHONDONTWRITEBYTECODE=1
export ANSIBLE_HOME="$HOME/.ansible" ANSIBLE_LOCAL_TEMP="$HOME/tmp" ANSIBLE_REMOTE_TMP=/tmp/.ansible
export ANSIBLE_CONFIG="$1" ANSIBLE_CHROOT_EXE="$TMPDIR/into-the-tree" ANSIBLE_LOG_PATH="$TMPDIR/log"
export ANSIBLE_NOCOLOR=1 ANSIBLE_NOCOWS=1 ANSIBLE_RETRY_FILES_ENABLED=0
export ANSIBLE_CALLBACK_RESULT_FORMAT=yaml
shift
# By the name of the first process Ansible tells how services are managed. A name that tells
# nothing makes it look at the system.
[ -L "$ROOT/proc" ] || [ ! -e "$ROOT/proc/1/comm" ] ||
    mount --bind "$TMPDIR/comm" "$ROOT/proc/1/comm"
exec ansible-playbook "$@"
"""


@operation
class Ansible(TreeOperation):
    """A playbook that is played in the future system."""

    reads_layout = False

    programs: ClassVar = {"ansible-playbook": "ansible"}
    root: RootFs
    playbook: Path
    group: str
    tags: tuple[str, ...]
    skip_tags: tuple[str, ...]
    extra_vars: str
    secrets: dict[str, Secret]
    config: Path | None
    files: tuple[Path, ...]

    def summary(self) -> str:
        return f"play {self.playbook}"

    def local_directories(self) -> tuple[Path, ...]:
        start = self.directory
        beside = [self.playbook.parent / name for name in _BESIDE]
        wanted = sorted({*beside, *self.files}, key=os.fsencode)
        return tuple(path for path in wanted if (start / path).is_dir())

    def local_files(self) -> tuple[Path, ...]:
        start = self.directory
        directories = self.local_directories()
        found = {self.playbook, *(path for path in self.files if path not in directories)}
        found |= {self.config} if self.config else set()
        for directory in directories:
            found |= set(paths_below(start, directory))
        for path in (start / self.playbook.parent).glob("*"):
            if path.suffix in _TEXTS and path.is_file():
                found.add(self.playbook.parent / path.name)
        return with_targets(start, sorted(found, key=os.fsencode))

    def check_plan(self, operations: Sequence[Operation], *, complete: bool) -> Iterator[Problem]:
        """Report mistakes in the playbook, and a system without Python.

        No package above is Python, or may bring it along.
        """
        group = self.group if complete else ""
        for what, hint, about in playbook_mistakes(self.directory / self.playbook, group):
            yield self.problem(what, hint, about=about, code="ansible")
        named = named_above(self, operations) if complete else None
        if named and all(_WITHOUT_PYTHON.fullmatch(name) for name in named.ever):
            yield self.problem(
                "no step above installs python3, which Ansible works with",
                installing("python3"),
                kind=named.kind,
                code="not-installed",
            )

    def apply(self, tree: Tree) -> None:
        if not tree.exists(_PYTHON):
            what = f"Ansible works with the system's {_PYTHON}, which isn't there"
            raise BuildError(
                self.problem(what, 'add "python3" to the packages', code="not-installed")
            )
        inventory = (
            f"[{self.group}]\n"
            f"system ansible_connection=community.general.chroot "
            f"ansible_host={shlex.quote(str(tree.path))} ansible_python_interpreter={_PYTHON}\n"
        )
        for name, text in (
            ("inventory", inventory),
            ("variables.json", self.extra_vars),
            ("empty.cfg", ""),
            ("into-the-tree", _INTO_THE_TREE),
            ("comm", "init\n"),
        ):
            (tree.scratch / name).write_text(text, encoding="utf-8")
        (tree.scratch / "into-the-tree").chmod(0o755)
        if self.secrets:
            _reveal(tree, self.secrets)
        config = tree.recipe_directory / self.config if self.config else tree.scratch / "empty.cfg"
        try:
            tree.run("sh", "-ec", _RUN, "ansible-playbook", str(config), *self._arguments(tree))
        except BuildError as error:
            raise BuildError(self._failure(tree.scratch / "log", error.problems[0])) from None
        if self.secrets:
            tree.run("umount", "--lazy", str(tree.scratch / "secrets"))

    def _arguments(self, tree: Tree) -> list[str]:
        arguments = ["--inventory", str(tree.scratch / "inventory")]
        arguments += ["--extra-vars", f"@{tree.scratch / 'variables.json'}"]
        if self.secrets:
            arguments += ["--extra-vars", f"@{tree.scratch / 'secrets/variables.json'}"]
        if self.tags:
            arguments += ["--tags", ",".join(self.tags)]
        if self.skip_tags:
            arguments += ["--skip-tags", ",".join(self.skip_tags)]
        return [*arguments, str(tree.recipe_directory / self.playbook)]

    def _failure(self, log: Path, otherwise: Problem) -> Problem:
        said = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        task, lines = failed_task(said)
        if not task:
            return self.problem(
                f"the playbook {self.playbook} cannot be played",
                otherwise.hint,
                code="command-failed",
            )
        return self.problem(
            f"{self.playbook}: {task} failed", "\n".join(lines), code="command-failed"
        )


def _reveal(tree: Tree, secrets: Mapping[str, Secret]) -> None:
    """Write the variables that are secret, to memory. A newline at the end is not part of them."""
    folder = tree.scratch / "secrets"
    folder.mkdir()
    tree.run("mount", "-t", "tmpfs", "-o", "mode=0700", "tmpfs", str(folder))
    known = {name: tree.reveal(secret).decode().rstrip("\n") for name, secret in secrets.items()}
    (folder / "variables.json").write_text(json.dumps(known), encoding="utf-8")


def ansible(
    root: RootFs,
    playbook: str | Path,
    *,
    group: str = "image",
    tags: Sequence[str] = (),
    skip_tags: Sequence[str] = (),
    extra_vars: Mapping[str, object] | None = None,
    config: str | Path | None = None,
    files: Sequence[str | Path] = (),
    unless: Fact | None = None,
) -> None:
    """Play a playbook in the system, with this machine's Ansible and the system's Python.

    It takes the package `ansible` on this machine and `python3` in the system. The inventory has
    one host, `system`, in the group `group`; there is no connection, and root does the work.
    Facts about the system, such as its release and how services are managed, are the system's;
    those about the machine, such as its memory, are those of the machine that builds. Services
    can be enabled; they are neither started nor restarted, as nothing runs.

    `playbook`, `config` and `files` are relative to the recipe's directory. `tags` and
    `skip_tags` choose tasks. `extra_vars` are variables that come before all others: texts,
    numbers, truths, lists and mappings; or a `Secret`, whose text it then is. `config` is an
    ansible.cfg; without it, none is read: neither yours nor this machine's.

    Read are the playbook, what Ansible looks for beside it (`roles`, `templates`, `group_vars`
    and so on) and all files beside it that end in .yml, .yaml or .json. Name in `files` what else
    the playbook reads, be it files or directories.
    """
    variables = extra_vars or {}
    secrets = {name: value for name, value in variables.items() if isinstance(value, Secret)}
    for name in variables:
        if not name.isidentifier():
            raise refuse(
                f"extra_vars has {name!r}, which is not a name for Ansible",
                "use a-z, _",
                about="extra_vars",
                code="ansible",
            )
    if not _WORD.fullmatch(group):
        raise refuse(
            f"{group!r} is not the name of a group",
            "letters, digits and _ make one",
            about="group",
            code="ansible",
        )
    if not isinstance(files, str | Path):
        listed = tuple(Path(file) for file in files)
    else:
        raise refuse(
            f"files={files!r} is one path",
            f"give a tuple: files=({str(files)!r},)",
            code="text-for-list",
        )
    record(
        Ansible(
            root=root,
            playbook=Path(playbook),
            group=group,
            tags=_words("tags", tags),
            skip_tags=_words("skip_tags", skip_tags),
            extra_vars=_variables({n: v for n, v in variables.items() if n not in secrets}),
            secrets=secrets,
            config=None if config is None else Path(config),
            files=listed,
            unless=unless,
        )
    )


def _words(name: str, words: Sequence[str]) -> tuple[str, ...]:
    if isinstance(words, str):
        raise refuse(
            f"{name}={words!r} is one text",
            f"give a tuple: {name}=({words!r},)",
            code="text-for-list",
        )
    for word in words:
        if not _WORD.fullmatch(word):
            raise refuse(
                f"{name} has {word!r}, which is not a tag",
                "give the tags one by one",
                about=name,
                code="ansible",
            )
    return tuple(words)


def _variables(variables: Mapping[str, object]) -> str:
    try:
        return json.dumps(variables, sort_keys=True, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        hint = "Ansible takes texts, numbers, truths, lists and mappings: str(size()), say"
        raise refuse(
            f"extra_vars cannot be given to Ansible: {error}",
            hint,
            about="extra_vars",
            code="ansible",
        ) from None


_PREFIX = re.compile(r"^\S+ \S+ p=\d+ u=.* n=\S+ (?:[A-Z]+)?\s*\| ", re.MULTILINE)
_TASK = re.compile(r"^(TASK|RUNNING HANDLER) \[(.*?)\] \*+")
_MOST_LINES = 20


def failed_task(log: str) -> tuple[str, list[str]]:
    """Return the task of Ansible's log that failed last, and its messages; empty if none failed."""
    task, lines, failed = "", list[str](), ("", list[str]())
    for line in _PREFIX.sub("", log).splitlines():
        if found := _TASK.match(line):
            kind = "the task" if found[1] == "TASK" else "the handler"
            task, lines = f"{kind} {found[2]!r}", []
        elif line.startswith("PLAY RECAP"):
            break
        elif line.strip():
            lines.append(line[:500])
            if "FAILED!" in line or "UNREACHABLE!" in line:
                lines = lines[-1:]
                failed = (task, lines)
    return failed[0], failed[1][:_MOST_LINES]
