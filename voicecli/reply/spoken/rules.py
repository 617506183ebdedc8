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


FOUR_DIGITS, THREE_DIGITS, INNER_POINT, LONG_WORD, NOT_ASCII, LOOSE_DASH = (
    "\x01",
    "\x02",
    "\x03",
    "\x04",
    "\x05",
    "\x06",
)
"""Stand in a rule's first place for what no one character shows."""
_FOUR = re.compile(r"\d{4}")
_THREE = re.compile(r"\d{3}")
_INNER = re.compile(r"\.(?=\w)")
NUMBER = r"\d(?<![\w.,]\d)\d*(?:,\d{3})*(?:\.\d+)?"
"""A number that no other goes before. Its first digit comes first: a search for a digit is quick."""


def marks(text: str) -> frozenset[str]:
    """Those of the above that the text has."""
    return frozenset(
        mark
        for mark, there in (
            (FOUR_DIGITS, _FOUR.search(text)),
            (THREE_DIGITS, _THREE.search(text)),
            (INNER_POINT, _INNER.search(text)),
            (LONG_WORD, max(map(len, text.split(" "))) >= 12),
            (NOT_ASCII, not text.isascii()),
            (LOOSE_DASH, " -" in text or " –" in text),
        )
        if there
    )


def apply(rules: Rules, text: str, shown: frozenset[str] = frozenset()) -> str:
    """The text after all rules; each sees what those before it made. `shown`: its `marks`."""
    held = shown.union(text)
    for needed, pattern, replacement in rules:
        if needed and held.isdisjoint(needed):
            continue
        changed = pattern.sub(replacement, text)
        if changed != text:
            text, held = changed, shown.union(changed)
    return text


def one_of(words: Iterable[str]) -> str:
    """A pattern for any of the words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def words(text: str) -> list[str]:
    """Those of a table that is written as a text."""
    return text.split()
