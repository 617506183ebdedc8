"""Numbers as words, where the voice needs them spelt out. The only file that imports num2words."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicecli.aloud.tables.language_table import Locale, Noun

NUMBER = r"(?:\d{1,3}(?:\.\d{3})+(?:,\d+)?(?!\d)|\d+(?:[.,]\d+)?)"
"""Pattern of a number as these languages write it: 1.234,5."""

_NUMERALS = (("X", 10), ("IX", 9), ("V", 5), ("IV", 4), ("I", 1))
_LARGEST_ROMAN = 39
"""Larger numerals have L and C in them; such letters are mostly abbreviations."""


@cache
def cardinal(number: int, code: str) -> str:
    """21 -> `vingt et un`, in the language with this code."""
    from num2words import num2words

    words: str = num2words(number, lang=code)
    return words


@cache
def ordinal(number: int, code: str, *, feminine: bool = False) -> str:
    """`fünfte`, `premier`, `première`, `vigésimo primero`; the caller adds German endings of declension."""
    from num2words import num2words

    words: str = num2words(number, lang=code, to="ordinal")
    if not feminine:
        return words
    if code == "fr":
        return "première" if number == 1 else words
    return re.sub(r"o\b", "a", words) if code in ("es", "it", "pt") else words


@cache
def hundreds(number: int, code: str) -> str:
    """A number as years are said: 1989 -> `neunzehnhundertneunundachtzig`."""
    from num2words import num2words

    words: str = num2words(number, lang=code, to="year")
    return words


def agreeing(number: str, locale: Locale, *, feminine: bool) -> str:
    """The number as it stands before its noun: in words where it agrees with the noun, else as it is."""
    if not number.isdecimal() or len(number) > 3 or int(number) % 10 not in (1, 2):
        return number
    front, space, last = cardinal(int(number), locale.code).rpartition(" ")
    forms = locale.agreement.get(last)
    return number if forms is None else f"{front}{space}{forms[feminine]}"


def is_one(number: str, locale: Locale) -> bool:
    """Whether the noun after this number is singular."""
    return number == "1" or (locale.one_below_two and re.match(r"[01](?:,|$)", number) is not None)


def counted(number: str, noun: Noun, locale: Locale) -> str:
    """The number and its noun: `5 kilomètres`, `une seconde`."""
    name = noun.one if is_one(number, locale) else noun.many
    return f"{agreeing(number, locale, feminine=noun.feminine)} {name}"


def _roman(number: int) -> str:
    letters = ""
    for numeral, value in _NUMERALS:
        while number >= value:
            letters, number = letters + numeral, number - value
    return letters


ROMAN_VALUES = {_roman(number): number for number in range(1, _LARGEST_ROMAN + 1)}

ROMAN = f"(?:{'|'.join(sorted(ROMAN_VALUES, key=len, reverse=True))})"
"""Pattern of I to XXXIX."""
