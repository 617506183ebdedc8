"""What the model is told besides the user's words: before them, in brackets no user can write.

`conversation.plain_words` parts an opening bracket from what follows it.
"""

from __future__ import annotations

import re

_ASIDES = re.compile(r"(?:\[[^\]\s][^\]]*\] )+")


def with_aside(words: str, aside: str) -> str:
    """Put it before the words."""
    return f"[{aside}] {words}"


def own_words(words: str) -> str:
    """Give back the user's own words."""
    asides = _ASIDES.match(words)
    return words[asides.end() :] if asides else words
