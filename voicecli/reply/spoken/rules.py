"""Rules of one kind of writing: patterns and what is said in their place, applied in order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TypeAlias

Replacement: TypeAlias = str | Callable[[re.Match[str]], str]
Rule: TypeAlias = tuple[str, re.Pattern[str], Replacement]
"""First the characters of which the text must hold one, or the rule is not tried; none where most texts would.

Most rules have nothing to do in most clauses, and looking for a character costs a hundredth of a search.
"""


_AFTER_DIGIT = re.compile(r"\d([-/:. ])")
_BEHIND_DIGIT = {char: chr(0xE100 + ord(char)) for char in "-/:. "}


def behind_digit(chars: str) -> str:
    """Stand in a rule's first place for each of these characters where it comes right behind a digit."""
    return "".join(_BEHIND_DIGIT[char] for char in chars)


@lru_cache(maxsize=1)
def _held(text: str) -> frozenset[str]:
    """Its characters, and those right behind a digit. Kept, because the next rules ask for the same text."""
    return frozenset(text).union(map(_BEHIND_DIGIT.__getitem__, _AFTER_DIGIT.findall(text)))


class Rules:
    """Rules in their order, found by the characters they need."""

    __slots__ = ("_always", "_by_character", "_characters", "_rules", "_searches")

    def __init__(self, rules: list[Rule]) -> None:
        self._rules = rules
        self._searches = [
            pattern.match if pattern.pattern[0] == "^" and "|" not in pattern.pattern else pattern.search
            for _, pattern, _ in rules
        ]
        self._always = sum(1 << at for at, (needed, *_) in enumerate(rules) if not needed)
        """A bit for each rule, the first the lowest; so are those by character."""
        self._characters = frozenset("".join(needed for needed, *_ in rules))
        self._by_character = {
            char: sum(1 << at for at, (needed, *_) in enumerate(rules) if char in needed)
            for char in self._characters
        }

    def __add__(self, other: Rules) -> Rules:
        """These, then those: as one, since looking for what they need is done once."""
        return Rules(self._rules + other._rules)

    def _tried(self, text: str, shown: frozenset[str]) -> int:
        tried = self._always
        for char in self._characters & _held(text):
            tried |= self._by_character[char]
        for mark in self._characters & shown:
            tried |= self._by_character[mark]
        return tried

    def apply(self, text: str, shown: frozenset[str] = frozenset()) -> str:
        """The text after all rules; each sees what those before it made. `shown`: its `marks`."""
        waiting = self._tried(text, shown)
        while waiting:
            first = waiting & -waiting
            waiting ^= first
            at = first.bit_length() - 1
            if self._searches[at](text):
                _, pattern, replacement = self._rules[at]
                changed = pattern.sub(replacement, text)
                if changed != text:
                    text = changed
                    waiting = self._tried(text, shown) & -(first << 1)
        return text


(
    FOUR_DIGITS, INNER_POINT, LONG_WORD, NOT_ASCII, LOOSE_DASH, NUMBER_DASH, NAMES_DASH, TIGHT_UNIT, MONTH, DAY,
    CAPITALS, PATH, URL, SCRIPT, DATE, PHONE, DECADE, POINTS, STREET, INCHES, VERSION, TEN_HUNDRED,
) = map(chr, range(0xE000, 0xE016))  # fmt: skip
"""Stand in a rule's first place for what no one character shows: characters for private use, which no text has."""
_OF_DIGITS = {
    FOUR_DIGITS: re.compile(r"\d{4}"),
    NUMBER_DASH: re.compile(r"\d\S{0,3}\s?[–-]\s?[\w$€£]"),
    TIGHT_UNIT: re.compile(r"\d[A-Za-zµμ°Ω]"),
    POINTS: re.compile(r"\d\.\d+\.\d"),
}
_OF_FOUR_DIGITS = {
    DATE: re.compile(r"\d{4}[-/.]\d|\d[-/.]\d{4}"),
    TEN_HUNDRED: re.compile(r"10\d\d"),
}
_DECADE = re.compile(r"\d0['’]?s")
_OF_OTHERS = {
    INNER_POINT: re.compile(r"\.[A-Za-z]\w"),
    NAMES_DASH: re.compile(r"[A-Z]\w*[–-][A-Z]"),
    MONTH: re.compile(r"[JFMASOND](?:an|eb|ar|pr|ay|un|ul|ug|ep|ct|ov|ec)"),
    DAY: re.compile(r"[MTWFS](?:on|ue|ed|hu|ri|at|un)"),
    CAPITALS: re.compile(r"[A-Z]{3}"),
    VERSION: re.compile(r"[vV]\d"),
}
_PHONE = re.compile(r"\d{3}[-. )/]+\d{3}")
_INCHES = re.compile(r"\d in\b")
_PATH = re.compile(r"/[\w.-]*[/.]|(?<![\w/])[~.]*/|:\\|_\w*/|\.\w+/")
_STREET = re.compile(r"[A-Z][a-z]{1,3}\.")
_DIGIT = re.compile(r"\d")
NUMBER = r"\d(?<![\w.,]\d)\d*(?:,\d{3})*(?:\.\d+)?"
"""A number that no other goes before. Its first digit comes first: a search for a digit is quick."""


def marks(text: str) -> frozenset[str]:
    """Those of the above that the text has."""
    shown = [mark for mark, pattern in _OF_OTHERS.items() if pattern.search(text)]
    if _DIGIT.search(text):
        shown += [mark for mark, pattern in _OF_DIGITS.items() if pattern.search(text)]
        if FOUR_DIGITS in shown:
            shown += [mark for mark, pattern in _OF_FOUR_DIGITS.items() if pattern.search(text)]
        shown += [
            mark
            for mark, there in (
                (PHONE, _PHONE.search(text)),
                (INCHES, " in" in text and _INCHES.search(text)),
                (DECADE, "0" in text and _DECADE.search(text)),
            )
            if there
        ]
    shown += [
        mark
        for mark, there in (
            (PATH, ("/" in text or "\\" in text) and _PATH.search(text)),
            (STREET, "." in text and _STREET.search(text)),
            (URL, "://" in text or "www." in text or "WWW." in text),
            (SCRIPT, ".js" in text or ".ts" in text),
            (LOOSE_DASH, " -" in text or " –" in text),
            (NOT_ASCII, not text.isascii()),
            (LONG_WORD, max(map(len, text.split(" "))) >= 12),
        )
        if there
    ]
    return frozenset(shown)


def one_of(words: Iterable[str]) -> str:
    """A pattern for any of the words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def words(text: str) -> list[str]:
    """Those of a table that is written as a text."""
    return text.split()
