"""Applies rules in order. A rule is a pattern and what the voice says in its place; most are skipped quickly.

Most rules match nothing in most clauses. To look for a character takes a hundredth of the time of a search
for a pattern. So each rule names the characters that a text must hold if the rule is to be tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import TypeAlias

Replacement: TypeAlias = str | Callable[[re.Match[str]], str]
Needed: TypeAlias = str | tuple[str, ...]
Rule: TypeAlias = tuple[Needed, re.Pattern[str], Replacement]
"""What the text must hold, the pattern, and what is said in its place.

The first is a string of characters: the rule is tried if the text has one of them, or always if the string is
empty. It may also be a tuple of such a string and pieces of text: then the text must have one of these, too.
"""

_BEHIND_DIGIT = re.compile(r"[0-9]( ?[^0-9 ])")
_SEEN_BEHIND = "".join(map(chr, range(0x21, 0x7F))) + "–’′″×€£¥₹°µμΩ"
_BEHIND = {char: chr(0xE100 + at) for at, char in enumerate(_SEEN_BEHIND)} | {
    f" {char}": chr(0xE200 + at) for at, char in enumerate(_SEEN_BEHIND)
}


def behind_digit(chars: str) -> str:
    """For the first item of a rule: the text must have one of these characters right after a digit."""
    return "".join(_BEHIND[char] for char in chars)


def after_digit(chars: str) -> str:
    """For the first item of a rule: the text must have one of these characters after a digit and a space."""
    return "".join(_BEHIND[f" {char}"] for char in chars)


@lru_cache(maxsize=1)
def _held(text: str) -> frozenset[str]:
    """The characters of a text. Cached, because the next `Rules` are mostly asked for the same text."""
    return frozenset(text)


@lru_cache(maxsize=1)
def _behind_digits(text: str) -> list[str]:
    """What stands right after each digit, with its space if there is one: `6.8 MN` -> `.`, ` M`. Cached."""
    return _BEHIND_DIGIT.findall(text)


def _holds_one(text: str, pieces: tuple[str, ...]) -> bool:
    for piece in pieces:  # noqa: SIM110 - `any` takes three times as long
        if piece in text:
            return True
    return False


def _done(pattern: re.Pattern[str], replacement: Replacement) -> Callable[[str], str]:
    """Make the quickest function that applies the rule to a text."""
    if pattern.pattern[0] == "^":  # `sub` would search the whole text
        return lambda text: pattern.sub(replacement, text, 1) if pattern.match(text) else text
    if isinstance(replacement, str) and "\\" in replacement:  # `sub` would parse it each time, found or not
        return lambda text: pattern.sub(replacement, text) if pattern.search(text) else text
    return partial(pattern.sub, replacement)


class Rules:
    """Rules in their order. For a text, only those are tried whose characters it holds."""

    __slots__ = ("_always", "_behind", "_by_character", "_characters", "_rules", "_steps")

    def __init__(self, rules: list[Rule]) -> None:
        self._rules = rules
        needed = [need if isinstance(need, tuple) else (need,) for need, *_ in rules]
        self._steps = [
            (tuple(pieces), _done(pattern, replacement))
            for (_, *pieces), (_, pattern, replacement) in zip(needed, rules, strict=True)
        ]
        self._always = sum(1 << at for at, (characters, *_) in enumerate(needed) if not characters)
        """The rules that are always tried, as bits: the first rule is the lowest bit. `_by_character` has
        such bits, too."""
        self._characters = frozenset("".join(characters for characters, *_ in needed))
        self._by_character = {
            char: sum(1 << at for at, (characters, *_) in enumerate(needed) if char in characters)
            for char in self._characters
        }
        self._behind = {
            seen: self._by_character[key] for seen, key in _BEHIND.items() if key in self._characters
        }

    def __add__(self, other: Rules) -> Rules:
        """Join these rules and then the others, so that one search finds which of all these rules to try."""
        return Rules(self._rules + other._rules)

    def _tried(self, text: str, tried: int) -> int:
        """Add the rules that need something the text holds to the bits of `tried`."""
        for char in self._characters & _held(text):
            tried |= self._by_character[char]
        if self._behind:
            for seen in _behind_digits(text):
                tried |= self._behind.get(seen, 0)
        return tried

    def apply(self, text: str, shown: frozenset[str] = frozenset()) -> str:
        """Apply all rules, each to the result of those before it. `shown`: what `marks` found in the text."""
        by_marks = self._always
        for mark in shown:
            by_marks |= self._by_character.get(mark, 0)
        waiting = self._tried(text, by_marks)
        while waiting:
            first = waiting & -waiting
            waiting ^= first
            pieces, done = self._steps[first.bit_length() - 1]
            if pieces and not _holds_one(text, pieces):
                continue
            changed = done(text)
            if changed != text:
                text = changed
                waiting = self._tried(text, by_marks) & -(first << 1)
        return text


(
    FOUR_DIGITS, PHONE, DECADE, INNER_POINT, NAMES_DASH, MONTH, ROOTED, FILE, LONG_WORD, HASH, LONG_CODE, STREET, POINTS, COLONS,
) = map(chr, range(0xE000, 0xE00E))  # fmt: skip
"""Characters for the first item of a rule. Each stands for a shape that no single character shows, such as
four digits. They are from a private-use block of Unicode, so no text has them; `marks` finds the shapes in a
text."""
DASHES = ("-", "–")
_POINTS = re.compile(r"\d\.\d+\.\d")
_PHONE = re.compile(r"\d{3}[-. )/]+\d{3}")
_DECADE = re.compile(r"\d0['’]?s")
_INNER_POINT = re.compile(r"\.[A-Za-z]\w")
_NAMES_DASH = re.compile(r"[A-Z]\w*[–-][A-Z]")
_MONTH = re.compile(r"[JFMASOND](?:an|eb|ar|pr|ay|un|ul|ug|ep|ct|ov|ec)")
_ROOTED = re.compile(r"/(?<!\w/)|:\\")
_FILE = re.compile(r"/[\w-]*\.[a-z]|/[\w.-]*[A-Za-z_][\w.-]*/|_[\w-]*/")
_HASH = re.compile(r"[0-9A-Fa-f]{12}")
_LONG_WORD = re.compile(r"\w{12}")
_DIGIT = re.compile(r"\d")
_FOUR_DIGITS = re.compile(r"\d{4}")
NUMBER = r"\d(?<![\w.,]\d)\d*+(?:,\d{3})*+(?:\.\d++)?+"
"""A complete number, with thousands and decimals: no other number goes before it. The pattern begins with its
digit, because `re` finds a digit quickly. Its quantifiers are possessive: they never give back a digit."""
BEHIND_COMMA = NUMBER.replace(".,]", ".]", 1)
"""A number that may have a comma before it."""


def marks(text: str) -> frozenset[str]:  # noqa: C901, PLR0912 - one case a mark
    """Which of the shapes above the text has."""
    shown = []
    if _DIGIT.search(text):
        if _FOUR_DIGITS.search(text):
            shown.append(FOUR_DIGITS)
        if _PHONE.search(text):
            shown.append(PHONE)
        if ("0s" in text or "0'" in text or "0’" in text) and _DECADE.search(text):
            shown.append(DECADE)
        if text.count(".") > 1 and _POINTS.search(text):
            shown.append(POINTS)
        if text.count(":") > 1:
            shown.append(COLONS)
    if "." in text and _INNER_POINT.search(text):
        shown.append(INNER_POINT)
    if ("-" in text or "–" in text) and _NAMES_DASH.search(text):
        shown.append(NAMES_DASH)
    if _MONTH.search(text):
        shown.append(MONTH)
    if ("/" in text or "\\" in text) and _ROOTED.search(text):
        shown.append(ROOTED)
    if "/" in text and _FILE.search(text):
        shown.append(FILE)
    longest = max(map(len, text.split(" ")))
    if longest >= 12 and _LONG_WORD.search(text):
        shown.append(LONG_WORD)
        if _HASH.search(text):
            shown.append(HASH)
    if longest >= 20:
        shown.append(LONG_CODE)
    return frozenset(shown)


def one_of(words: Iterable[str]) -> str:
    """A pattern for any of the words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def words(text: str) -> list[str]:
    """The words of a text; for tables that are written as one string."""
    return text.split()
