"""Packages, scripts and playbooks, as steps of vmdb2."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any

from vmdsl.operations.packages.apt import Apt, AptRemove
from vmdsl.operations.packages.debconf import Preseed
from vmdsl.operations.packages.upgrade import AptUpgrade
from vmdsl.operations.scripts.ansible import Ansible
from vmdsl.operations.scripts.shells import Chroot, HostShell
from vmdsl.vmdb2.marked_scripts import own
from vmdsl.vmdb2.to_yaml.emit import Value, YamlStep
from vmdsl.vmdb2.to_yaml.export import Export

_QUIETLY = "DEBIAN_FRONTEND=noninteractive apt-get -y"


def apt(export: Export, operation: Apt) -> Iterator[YamlStep]:
    """Yield vmdb2's apt, or a script if it has no key for something."""
    foreign = [f"dpkg --add-architecture {arch}" for arch in operation.architectures()]
    if operation.debs or operation.suite or export.unless(operation)[1]:
        yield _apt_script(export, operation, foreign)
        return
    if foreign:
        yield export.chroot(own("\n".join(foreign)))
    keys: dict[str, Value] = {
        "apt": "install",
        "packages": list(operation.packages),
        "tag": export.tag(operation.root),
    }
    yield YamlStep(keys=keys if operation.recommends else {**keys, "recommends": False})


def _apt_script(export: Export, operation: Apt, foreign: list[str]) -> YamlStep:
    folder = "/tmp/vmdsl-packages"  # noqa: S108 (the system's own)
    words = ["install"]
    words += [] if operation.recommends else ["--no-install-recommends"]
    words += [f"--target-release={operation.suite}"] if operation.suite else []
    words += [*operation.packages, *(f"{folder}/{deb.name}" for deb in operation.debs)]
    commands = [*foreign, "apt-get update", f"{_QUIETLY} {shlex.join(words)}", "apt-get clean"]
    if not operation.debs:
        return export.chroot("\n".join(commands))
    files = shlex.join(map(str, operation.debs))
    inside = shlex.quote("\n".join(commands))
    return export.shell(
        f'mkdir "$ROOT{folder}"\n'
        f'cp {files} "$ROOT{folder}/"\n'
        f'chroot "$ROOT" sh -ec {inside}\n'
        f'rm -r "$ROOT{folder}"'
    )


def apt_remove(export: Export, operation: AptRemove) -> Iterator[YamlStep]:
    """Yield a script: vmdb2 only installs."""
    words = ["purge" if operation.purge else "remove"]
    words += ["--auto-remove"] * operation.autoremove
    yield export.chroot(f"{_QUIETLY} {shlex.join([*words, *operation.packages])}")


def apt_upgrade(export: Export, operation: AptUpgrade) -> Iterator[YamlStep]:
    """Yield a script: vmdb2 only installs."""
    del operation  # it says nothing but which system
    yield export.chroot(f"apt-get update\n{_QUIETLY} dist-upgrade")


def preseed(export: Export, operation: Preseed) -> Iterator[YamlStep]:
    """Yield a script: vmdb2 has no step for it."""
    answers = " \\\n    ".join(map(shlex.quote, operation.answers))
    yield export.chroot(f"printf '%s\\n' \\\n    {answers} |\n    debconf-set-selections")


def chroot(export: Export, operation: Chroot) -> Iterator[YamlStep]:
    """Yield the script as it is."""
    yield export.chroot(operation.script)


def host_shell(export: Export, operation: HostShell) -> Iterator[YamlStep]:
    """Yield the script as it is. What it reads matters only to vmdsl, which keeps its result."""
    if operation.image is None:
        yield export.shell(operation.script)
    else:
        yield export.image_shell(operation.script)


def ansible(export: Export, operation: Ansible) -> Iterator[YamlStep]:
    """Yield vmdb2's ansible, or a script if it has no key for something.

    `files` matter only to vmdsl, which keeps the result.
    """
    variables = json.loads(operation.extra_vars)
    if operation.skip_tags or _has_unknown(variables):
        yield export.shell(_ansible_script(operation))
        return
    keys: dict[str, Value] = {
        "ansible": export.tag(operation.root),
        "playbook": str(operation.playbook),
    }
    if operation.group != "image":
        keys["group"] = operation.group
    if operation.tags:
        keys["tags"] = ",".join(operation.tags)
    if operation.config is not None:
        keys["config_file"] = str(operation.config)
    if variables:
        keys["extra_vars"] = variables
    yield YamlStep(keys=keys)


def _ansible_script(operation: Ansible) -> str:
    """Return a script like vmdb2's step, with skipped tags and variables of any kind."""
    words = ["--tags", ",".join(operation.tags) or "all"]
    words += ["--skip-tags", ",".join(operation.skip_tags)] if operation.skip_tags else []
    words += ["--extra-vars", operation.extra_vars, str(operation.playbook)]
    config = f"ANSIBLE_CONFIG={shlex.quote(str(operation.config))} " if operation.config else ""
    return (
        "inventory=$(mktemp)\n"
        f'printf \'[%s]\\n%s\\n\' {operation.group} "$ROOT" >"$inventory"\n'
        f'{config}ANSIBLE_NOCOWS=1 ansible-playbook -c chroot -i "$inventory" \\\n'
        f"    {shlex.join(words)}\n"
        'rm "$inventory"'
    )


def _has_unknown(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_unknown, value.values()))
    if isinstance(value, list):
        return any(map(_has_unknown, value))
    return not isinstance(value, str | int)
