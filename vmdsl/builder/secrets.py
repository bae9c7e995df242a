"""Reads the secrets of a plan before its build starts."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from vmdsl import programs
from vmdsl.errors import HostError, Problem
from vmdsl.language.handles import Luks
from vmdsl.language.operation import Operation, origin_of, problem_in
from vmdsl.language.secret import Secret, secrets_in
from vmdsl.operations.disk.volumes import passphrase

_LAST_LINES = 5
#: Of a passphrase, in bytes, as cryptsetup reads it from a terminal.
_LONGEST = 512


def read_secrets(operations: Sequence[Operation]) -> dict[Secret, bytes]:
    """Return the value of each secret. Raises HostError with all that could not be read."""
    values: dict[Secret, bytes] = {}
    problems: dict[Secret, Problem] = {}
    for operation in operations:
        for secret in secrets_in(operation):
            if secret in problems or (secret in values and not isinstance(operation, Luks)):
                continue
            try:
                if secret not in values:
                    values[secret] = _read(secret, origin_of(operation).directory)
                if isinstance(operation, Luks):
                    _check_passphrase(secret, values[secret])
            except _UnreadableError as error:
                problems[secret] = problem_in(
                    operation, str(error), error.hint, code="secret-missing"
                )
    if problems:
        raise HostError(*problems.values())
    return values


class _UnreadableError(Exception):
    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint


def _check_passphrase(secret: Secret, value: bytes) -> None:
    """Raise an error for what nobody could type where a device is opened."""
    size, named = len(passphrase(value)), f"the first line of the {secret.place}"
    if not size:
        what = f"{named}, the passphrase of an encrypted device, is empty"
        raise _UnreadableError(what, "begin it with the passphrase")
    if size > _LONGEST:
        what = f"{named}, the passphrase of an encrypted device, has {size} bytes"
        raise _UnreadableError(what, f"{_LONGEST} can be typed; so let it be shorter")


def _read(secret: Secret, directory: Path) -> bytes:
    if secret.source == "command":
        value = _output(secret.reference, directory)
    elif secret.source == "file":
        value = _file(directory / secret.reference[0])
    elif secret.source == "text":
        value = secret.text.encode()
    else:
        value = _variable(secret.reference[0])
    if not value.strip():
        raise _UnreadableError(f"the secret of the {secret.place} is empty", "")
    return value


def _variable(name: str) -> bytes:
    if name not in os.environ:
        raise _UnreadableError(
            f"the variable {name}, which holds a secret, is not set", f"export {name}=…"
        )
    return os.fsencode(os.environ[name])


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        what = f"the file {path}, which holds a secret, cannot be read: {error.strerror}"
        raise _UnreadableError(what, "") from None


def _output(command: tuple[str, ...], directory: Path) -> bytes:
    try:
        process = programs.start(command, errors=subprocess.PIPE, cwd=directory)
    except OSError as error:
        what = f"the command {command[0]}, which prints a secret, cannot be run: {error.strerror}"
        raise _UnreadableError(what, "") from None
    output, errors = process.communicate()
    if process.returncode:
        what = f"the command {command[0]}, which prints a secret, failed ({process.returncode})"
        lines = errors.decode(errors="replace").splitlines()[-_LAST_LINES:]
        raise _UnreadableError(what, "\n".join(lines))
    return output
