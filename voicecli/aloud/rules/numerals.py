"""Whole numbers -> English words: cardinals, ordinals, years; and Roman numerals -> whole numbers.

For numbers that espeak-ng says badly; the rules leave others in digits.
"""

from __future__ import annotations

import re

from voicecli.aloud.rules.rules import words

_ONES = words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = ["", "", *words("twenty thirty forty fifty sixty seventy eighty ninety")]
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_SCALES = ((1_000_000_000, "billion"), (1_000_000, "million"), (1000, "thousand"), (100, "hundred"))

ROMAN = re.compile(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_LETTERS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def cardinal(number: int) -> str:
    """21 -> twenty-one. Below a thousand billion; not negative."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    scale, name = next(entry for entry in _SCALES if number >= entry[0])
    whole, rest = divmod(number, scale)
    return f"{cardinal(whole)} {name}" + (f" {cardinal(rest)}" if rest else "")


def ordinal(number: int) -> str:
    """21 -> twenty-first."""
    words = cardinal(number)
    cut = max(words.rfind(" "), words.rfind("-")) + 1
    last = words[cut:]
    if last in _ORDINALS:
        return words[:cut] + _ORDINALS[last]
    return words[:cut] + (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")


def year(number: int) -> str:
    """1908 -> nineteen oh eight; 2005 -> two thousand five; 2024 -> twenty twenty-four."""
    hundreds, rest = divmod(number, 100)
    if number < 1000 or (hundreds % 10 == 0 and rest < 10):
        return cardinal(number)
    if not rest:
        return f"{cardinal(hundreds)} hundred"
    return f"{cardinal(hundreds)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def decade(number: int) -> str:
    """1990 -> nineteen nineties; 60 -> sixties; 1800 -> eighteen hundreds."""
    words = cardinal(number) if number < 100 else year(number)
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"


def digits(text: str) -> str:
    """192 -> one nine two; other characters are left out."""
    return " ".join(_ONES[int(char)] for char in text if char in "0123456789")


def roman(letters: str) -> int:
    """XIV -> 14; 0 where the letters are no Roman numeral in today's spelling."""
    letters = letters.upper()
    if not ROMAN.fullmatch(letters):
        return 0
    values = [_LETTERS[letter] for letter in letters]
    return sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))
