"""Rules of one kind of writing: patterns and what is said in their place, applied in order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeAlias

Replacement: TypeAlias = str | Callable[[re.Match[str]], str]
Rule: TypeAlias = tuple[str, re.Pattern[str], Replacement]
"""First the characters of which the text must hold one, or the rule is not tried; none where most texts would.

Most rules have nothing to do in most clauses, and looking for a character costs a hundredth of a search.
"""


class Rules:
    """Rules in their order, found by the characters they need."""

    __slots__ = ("_always", "_by_character", "_characters", "_rules")

    def __init__(self, rules: list[Rule]) -> None:
        self._rules = rules
        self._always = frozenset(at for at, (needed, *_) in enumerate(rules) if not needed)
        self._characters = frozenset("".join(needed for needed, *_ in rules))
        self._by_character = {
            char: frozenset(at for at, (needed, *_) in enumerate(rules) if char in needed)
            for char in self._characters
        }

    def _tried(self, held: frozenset[str]) -> list[int]:
        tried = self._always.union(*[self._by_character[char] for char in held & self._characters])
        return sorted(tried)

    def apply(self, text: str, shown: frozenset[str] = frozenset()) -> str:
        """The text after all rules; each sees what those before it made. `shown`: its `marks`."""
        waiting = self._tried(shown.union(text))
        while waiting:
            for at in waiting:
                _, pattern, replacement = self._rules[at]
                changed = pattern.sub(replacement, text)
                if changed != text:
                    text = changed
                    waiting = [later for later in self._tried(shown.union(text)) if later > at]
                    break
            else:
                break
        return text


FOUR_DIGITS, THREE_DIGITS, INNER_POINT, LONG_WORD, NOT_ASCII, LOOSE_DASH = "\x01\x02\x03\x04\x05\x06"
NUMBER_DASH, NAMES_DASH, TIGHT_UNIT, MONTH, DAY, CURRENCY, PATH, URL, SCRIPT = (
    "\x07\x08\x0b\x0e\x0f\x10\x11\x12\x13"
)
"""Stand in a rule's first place for what no one character shows. No text has such characters."""
_SHOWN = {
    FOUR_DIGITS: re.compile(r"\d{4}"),
    THREE_DIGITS: re.compile(r"\d{3}"),
    NUMBER_DASH: re.compile(r"\d\S{0,3}\s?[–-]\s?[\w$€£]"),
    TIGHT_UNIT: re.compile(r"\d[A-Za-zµμ°Ω]"),
    INNER_POINT: re.compile(r"\.(?=\w)"),
    NAMES_DASH: re.compile(r"[A-Z]\w*[–-][A-Z]"),
    MONTH: re.compile(r"[JFMASOND](?:an|eb|ar|pr|ay|un|ul|ug|ep|ct|ov|ec)"),
    DAY: re.compile(r"[MTWFS](?:on|ue|ed|hu|ri|at|un)"),
    CURRENCY: re.compile(r"[A-Z]{3}"),
    PATH: re.compile(r"/[\w.-]*[/.]|(?<![\w/])[~.]*/|:\\\\|_\w*/|\.\w+/"),
}
_WITH_DIGITS = (FOUR_DIGITS, THREE_DIGITS, NUMBER_DASH, TIGHT_UNIT)
_WITHOUT = (INNER_POINT, NAMES_DASH, MONTH, DAY, CURRENCY)
_DIGIT = re.compile(r"\d")
NUMBER = r"\d(?<![\w.,]\d)\d*(?:,\d{3})*(?:\.\d+)?"
"""A number that no other goes before. Its first digit comes first: a search for a digit is quick."""


def marks(text: str) -> frozenset[str]:
    """Those of the above that the text has."""
    tried = _WITH_DIGITS + _WITHOUT if _DIGIT.search(text) else _WITHOUT
    shown = [mark for mark in tried if _SHOWN[mark].search(text)]
    if ("/" in text or "\\" in text) and _SHOWN[PATH].search(text):
        shown.append(PATH)
    if "://" in text or "www." in text or "WWW." in text:
        shown.append(URL)
    if ".js" in text or ".ts" in text:
        shown.append(SCRIPT)
    if " -" in text or " –" in text:
        shown.append(LOOSE_DASH)
    if not text.isascii():
        shown.append(NOT_ASCII)
    if max(map(len, text.split(" "))) >= 12:
        shown.append(LONG_WORD)
    return frozenset(shown)


def one_of(words: Iterable[str]) -> str:
    """A pattern for any of the words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def words(text: str) -> list[str]:
    """Those of a table that is written as a text."""
    return text.split()
