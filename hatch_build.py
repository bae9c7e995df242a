"""The long description in a package index: the README, with links that work there too."""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

#: A link of Markdown to a file of the repository.
_RELATIVE = re.compile(r"(?<=\]\()(?![a-z]+:|#)")


class LongDescription(MetadataHookInterface):
    """Adds it to the metadata, whenever hatchling builds a package."""

    def update(self, metadata: dict[str, Any]) -> None:
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        files = f"{metadata['urls']['Source']}/blob/main/"
        metadata["readme"] = {"content-type": "text/markdown", "text": _RELATIVE.sub(files, text)}
