"""Programs that stand in, while an operation works, for those that ask which disk they are on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from vmdsl.builder.cache.answers import answering
from vmdsl.builder.cache.checksums import digest
from vmdsl.builder.sandbox.mounts import BIND, mount
from vmdsl.emulation import RULES, is_64_bit
from vmdsl.language.effects import ImageOperation
from vmdsl.language.layout import Layout
from vmdsl.language.operation import Script
from vmdsl.machines import Arch
from vmdsl.operations.scripts.stand_ins import PLACE, REAL, SWITCHES, mkinitramfs_script

_ASKED = "asked"
_START = "#!/bin/sh\n"
#: What gives programs another PATH than the one that begins with the stand-ins.
_OWN_PATH = re.compile(
    r"(?:\bPATH=|\b(?:sudo|su|runuser)\s|\benv\s+-|\b(?:ba)?sh\s+(?:-[a-z]*l|--login\b))"
)


class StandIns:
    """Stand-ins in `devices`, the /dev of the tree, where the PATH of its programs finds them.

    `emulated` is the architecture of the tree's programs, if the machine emulates them.
    """

    def __init__(
        self,
        devices: Path,
        layout: Layout,
        operations: Sequence[ImageOperation],
        *,
        emulated: Arch | None = None,
    ) -> None:
        folder = devices / PLACE.name
        folder.mkdir()
        #: For programs of the tree, while stand-ins have their places.
        self._real = folder / REAL
        self._real.mkdir()
        self._asked = folder / _ASKED
        self._asked.touch()
        self._asked.chmod(0o666)  # of whoever asks
        note = f'{_START}echo >>"${{0%/*}}/{_ASKED}"\n'
        answers = answering(layout, operations)
        #: A checksum of all that an operation can find out by asking.
        self.digest = digest(answers)
        scripts = {name: text.replace(_START, note, 1) for name, text in answers.items()}
        copies = emulated is not None and not is_64_bit(emulated)
        scripts["mkinitramfs"] = mkinitramfs_script(copies_modules=copies)
        self._names = tuple(scripts)
        for name, script in scripts.items():
            (folder / name).write_text(script, encoding="utf-8")
            (folder / name).chmod(0o755)
        if emulated and RULES.is_mount():
            (folder / SWITCHES).mkdir()
            mount(RULES, folder / SWITCHES, flags=BIND)
        # Where udev has made no link, grub-mkconfig does not name a filesystem by its UUID.
        links = devices / "disk/by-uuid"
        links.mkdir(parents=True)
        for place in layout.mounts:
            (links / place.filesystem.uuid).touch()
        # Where a volume is missing, it names it by its UUID, which not every initramfs activates.
        for volume in layout.volumes:
            (devices / "mapper").mkdir(exist_ok=True)
            (devices / "mapper" / volume.volume.dm_name).touch()

    def forget(self) -> None:
        """Begin with an operation that has asked nothing."""
        self._asked.write_bytes(b"")
        for program in self._real.iterdir():
            program.unlink()

    @property
    def were_asked(self) -> bool:
        """Whether an answer has been given since."""
        return self._asked.stat().st_size > 0

    def called_by_path(self, scripts: Sequence[Script]) -> list[str]:
        """Return the names of programs that scripts don't look for in the PATH that they get."""
        text = "\n".join(script.text for script in scripts)
        if _OWN_PATH.search(text):
            return list(self._names)
        return [name for name in self._names if re.search(rf"bin/{name}(?![\w.-])", text)]
