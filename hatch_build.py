"""Parts of the distribution that are made from files elsewhere in the repository."""

import re
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

#: A link of Markdown to a file of the repository.
_RELATIVE = re.compile(r"(?<=\]\()(?![a-z]+:|#)")


class LongDescription(MetadataHookInterface):
    """Adds the README to the metadata, with links that work in a package index too."""

    def update(self, metadata: dict[str, Any]) -> None:
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        files = f"{metadata['urls']['Source']}/blob/main/"
        metadata["readme"] = {"content-type": "text/markdown", "text": _RELATIVE.sub(files, text)}


class Recipes(BuildHookInterface[Any]):
    """Adds the recipes to the wheel, for `vmdsl new`. In a checkout it finds them beside vmdsl."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "editable":
            build_data["force_include"]["recipes"] = "vmdsl/recipes"
