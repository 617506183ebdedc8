"""What this program tells the model: in front of the user's words, in brackets that no user can write.

`conversation.plain_words` puts a space after each opening bracket of the user's.
"""

from __future__ import annotations

import re

_ASIDES = re.compile(r"(?:\[[^\]\s][^\]]*\] )+")


def with_aside(words: str, aside: str) -> str:
    """Put an aside in front of the words."""
    return f"[{aside}] {words}"


def own_words(words: str) -> str:
    """Give back the user's own words."""
    asides = _ASIDES.match(words)
    return words[asides.end() :] if asides else words
