"""Rules of one kind of writing: patterns and what is said in their place, applied in order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeAlias

Replacement: TypeAlias = str | Callable[[re.Match[str]], str]
Rules: TypeAlias = list[tuple[str, re.Pattern[str], Replacement]]
"""Of each rule: characters of which the text must hold one, or it is not tried; none where most texts would.

Most rules have nothing to do in most clauses, and looking for a character costs a hundredth of a search.
"""


def apply(rules: Rules, text: str) -> str:
    """The text after all rules; each sees what those before it made."""
    held = set(text)
    for needed, pattern, replacement in rules:
        if needed and held.isdisjoint(needed):
            continue
        changed = pattern.sub(replacement, text)
        if changed != text:
            text, held = changed, set(changed)
    return text


def one_of(words: Iterable[str]) -> str:
    """A pattern for any of the words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
