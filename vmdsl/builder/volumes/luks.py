"""Headers of LUKS2, which cryptsetup makes: of a file, as it works with devices or with files.

It is given all keys by files in memory, which have no names: they are in no list of processes.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from vmdsl import programs
from vmdsl.builder.volumes.devices import Device
from vmdsl.builder.volumes.encryption import CIPHER, KEY_SIZE
from vmdsl.errors import BuildError
from vmdsl.language.layout import LUKS_DATA, LuksLayout
from vmdsl.language.operation import problem_in
from vmdsl.language.secret import Secret
from vmdsl.operations.disk.volumes import key_options, passphrase
from vmdsl.values import SECTOR

_SHOWN = 10


def write_header(
    place: LuksLayout,
    device: Device,
    key: bytes,
    secrets: Mapping[Secret, bytes],
    *,
    folder: Path,
    log: int,
) -> None:
    """Write a header to the start of a device. `key` is that of the content. Raises BuildError."""
    luks = place.luks
    own, *others = (passphrase(secrets[secret]) for secret in (luks.key, *luks.more_keys))
    common = ("--batch-mode", "--type=luks2")
    with tempfile.TemporaryFile(dir=folder) as file, _in_memory(key) as content:
        file.truncate(LUKS_DATA + place.sector)  # with the start of the content, which it asks for
        header, volume_key = file.fileno(), f"--volume-key-file={_path(content)}"
        with _in_memory(own) as first:
            form = (
                f"--cipher={CIPHER}",
                f"--key-size={KEY_SIZE * 8}",
                f"--sector-size={place.sector}",
                f"--offset={LUKS_DATA // SECTOR}",
                f"--uuid={place.uuid}",
                *([f"--label={luks.label}"] if luks.label else []),
                *key_options(luks),
                *luks.options,
            )
            keys = (volume_key, f"--key-file={_path(first)}")
            argv = ("luksFormat", *common, *form, *keys, _path(header))
            _run(place, argv, (header, content, first), log)
        for other in others:
            with _in_memory(other) as one:
                more = ("luksAddKey", *common, *key_options(luks), volume_key)
                _run(place, (*more, _path(header), _path(one)), (header, content, one), log)
        device.copy(header, 0, LUKS_DATA, 0)


def _run(place: LuksLayout, arguments: Sequence[str], files: Sequence[int], log: int) -> None:
    argv = ("cryptsetup", *arguments)
    with suppress(OSError):  # the log's disk is full, which something else will report
        os.write(log, f"+ {' '.join(argv)}\n".encode())
    env = programs.environment({"LC_ALL": "C.UTF-8"})
    done = programs.run(argv, pass_fds=files, env=env)
    with suppress(OSError):
        os.write(log, done.output.encode())
    if not done.ok:
        what = f"cryptsetup {arguments[0]} failed (exit code {done.code})"
        said = "\n".join(done.output.strip().splitlines()[-_SHOWN:])
        raise BuildError(problem_in(place.luks, what, said, code="filesystem-tool"))


@contextmanager
def _in_memory(content: bytes) -> Iterator[int]:
    """Yield an open file in memory with some content."""
    file = os.memfd_create("vmdsl-key", os.MFD_CLOEXEC)
    try:
        os.pwrite(file, content, 0)
        yield file
    finally:
        os.close(file)


def _path(file: int) -> str:
    """Return the path of an open file for programs that inherit it."""
    return f"/proc/self/fd/{file}"
