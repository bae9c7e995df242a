"""What is said of recipes, in the words of specifications."""

from __future__ import annotations

import re
from collections.abc import Mapping

#: What operations say, where a specification has another word for it.
_WORDS = (
    (r"\b0o([0-7]+)\b", r"0\1"),
    (r"\bthe recipe\b", "the specification"),
    (r"mkimg\(GiB\(4\)\)", 'mkimg: "{{ output }}", size: 4G'),
    (r"format it: mk\w+\((\w+)\(\)\)", r"format it: mkfs: ext4, partition: \1"),
    (r"make one: mklv\((\w+)\(\)\)", r"make one: lvcreate: \1"),
    (r"add some: mkpart\(\w+\(\)\)", "add some: mkpart: logical"),
    (r"mkpart\(\w+\(\), size=.*", "mkpart of 1 MiB, and set_part_flag with flag: bios_grub"),
    (r'as in apt\(\w+\(\), "([^"]+)"\)', r"as in packages: [\1]"),
    (r"add unless=\w+\(\)", "add `unless: rootfs_unpacked`"),
    (r"\bMiB\((\d+)\)", r"\1MiB"),
    (r"\bsectors\((\d+)\)", r"\1s"),
    (r"\bcopy_tree\(\)", "copy-dir"),
    (r"\bcopy_file\(\)", "copy-file"),
    (r"\bgrub_bios\(\)", "grub: bios"),
    (r"\bgrub_ieee1275\(\)", "grub: ieee1275"),
    (r"give label=", "write `label:` instead"),
    (r"give uuid=", "leave it out: each filesystem gets a UUID of its own"),
    (r"call mkext2, mkext3 or mkext4", "mkfs: says which one it is"),
    (r", or name it in exclude=", ""),
)


def in_yaml(text: str, names: Mapping[str, str]) -> str:
    """A message for who reads a specification. `names` are tags, by what recipes call them."""
    for pattern, words in _WORDS:
        text = re.sub(pattern, words, text)
    for name, tag in names.items():
        text = re.sub(rf"(?<![\w./-]){re.escape(name)}(?![\w/(-])", tag.replace("\\", r"\\"), text)
    return text
