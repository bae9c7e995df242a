"""Text that rich shows as it stands."""

from __future__ import annotations

import re

from rich.markup import escape

_EMOJI = re.compile(r":(?=\S+:)")


def literal(text: str) -> str:
    """Markup that gives just `text`: its [brackets] are no styles, and its :words: no pictures."""
    # rich looks for pictures in what stands between two tags: a tag of its own hides a colon.
    return _EMOJI.sub("[default]:[/default]", escape(text))
