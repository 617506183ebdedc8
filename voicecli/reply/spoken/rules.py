"""Rules of one kind of writing: patterns and what is said in their place, applied in order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeAlias

Replacement: TypeAlias = str | Callable[[re.Match[str]], str]
Rules: TypeAlias = list[tuple[re.Pattern[str], Replacement]]


def apply(rules: Rules, text: str) -> str:
    """The text after all rules; each sees what those before it made."""
    for pattern, replacement in rules:
        text = pattern.sub(replacement, text)
    return text


def one_of(words: Iterable[str]) -> str:
    """A pattern for any of the words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
