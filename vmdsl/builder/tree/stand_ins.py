"""Programs that stand in, while an operation works, for those that ask which disk they are on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vmdsl.builder.cache.answers import answering
from vmdsl.builder.cache.checksums import digest
from vmdsl.language.effects import ImageOperation
from vmdsl.language.layout import Layout
from vmdsl.operations.scripts.stand_ins import MKINITRAMFS, PLACE

_ASKED = "asked"
_START = "#!/bin/sh\n"


class StandIns:
    """Stand-ins in `devices`, the /dev of the tree, where the PATH of its programs finds them."""

    def __init__(self, devices: Path, layout: Layout, operations: Sequence[ImageOperation]) -> None:
        folder = devices / PLACE.name
        folder.mkdir()
        self._asked = folder / _ASKED
        self._asked.touch()
        self._asked.chmod(0o666)  # of whoever asks
        note = f'{_START}echo >>"${{0%/*}}/{_ASKED}"\n'
        answers = answering(layout, operations)
        #: A checksum of all that an operation can find out by asking.
        self.digest = digest(answers)
        scripts = {name: text.replace(_START, note, 1) for name, text in answers.items()}
        for name, script in {**scripts, "mkinitramfs": MKINITRAMFS}.items():
            (folder / name).write_text(script, encoding="utf-8")
            (folder / name).chmod(0o755)
        # Where udev has made no link, grub-mkconfig does not name a filesystem by its UUID.
        links = devices / "disk/by-uuid"
        links.mkdir(parents=True)
        for mount in layout.mounts:
            (links / mount.filesystem.uuid).touch()

    def forget(self) -> None:
        """Begin with an operation that has asked nothing."""
        self._asked.write_bytes(b"")

    @property
    def were_asked(self) -> bool:
        """Whether an answer has been given since."""
        return self._asked.stat().st_size > 0
