"""What a language says in its own way: the shape of the tables beside this file."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

Rule: TypeAlias = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]
"""What is found, and what is said in its place."""

Kings: TypeAlias = Literal["cardinal", "ordinal", "ordinal to ten", "article and ordinal"]
"""How the number of a king is said: Louis quatorze, Luigi quattordicesimo, Felipe segundo but Alfonso trece,
Ludwig der Vierzehnte."""


class Noun(NamedTuple):
    """What is counted."""

    one: str
    many: str
    feminine: bool


_WRITTEN_ALSO = {"l": "L", "€": "EUR", "$": "USD"}
"""Two ways to write the same in every language: the tables hold the first."""


def nouns(table: str) -> dict[str, Noun]:
    """Read lines of `key  one/many  f`; the plural and the gender are left out where they are as usual.

    Parts are parted by two spaces. What is written in two ways in every language has both keys.
    """
    read = {}
    for line in table.strip().splitlines():
        key, names, *gender = line.strip().split("  ")
        one, _, many = names.partition("/")
        read[key] = Noun(one, many or one, bool(gender))
    return read | {also: read[key] for key, also in _WRITTEN_ALSO.items() if key in read}


def pairs(table: str) -> dict[str, str]:
    """Read lines of `key  words`, parted by two spaces."""
    return dict(line.strip().split("  ") for line in table.strip().splitlines())


@dataclass(frozen=True, slots=True, kw_only=True)
class Locale:
    """One language. Names of units, months and their plurals are those of Unicode's CLDR 47."""

    code: str
    """ISO 639-1, and what num2words calls it."""
    months: str
    short_months: str
    """As they stand before a full stop."""
    weekdays: str
    first_day: str = ""
    """Of a month; empty where it is said like the others."""
    day_month: str
    """Between the day and the month."""
    month_year: str
    range_word: str
    """2–3."""
    ratio_word: str
    """16:9."""
    minus: str
    point: str
    """In addresses, and numbers that are no quantities."""
    per: str
    hour_words: str
    """Pattern of what may follow a time and is said with it."""
    whole_hour: str
    """How 15:00 is said: `{h}` stands for the number, `{hours}` for the noun, "hour" or "hours"."""
    hour_and_minute: str
    """How 15:30 is said; `{m}` stands for the minutes."""
    hour_feminine: bool
    agreement: dict[str, tuple[str, str]]
    """A number's last word in front of what is counted, masculine and feminine: un kilo, une heure."""
    one_below_two: bool = False
    """Whether 0 and 1,5 take the singular."""
    units: dict[str, Noun]
    money: dict[str, Noun]
    money_parts: str
    """Of `{whole}` and `{part}`: 3,50 €."""
    cents: dict[str, Noun]
    """Of 0,50 €, by the sign."""
    magnitudes: dict[str, Noun]
    of: str
    """Between a million and what it is of."""
    half: str
    half_more: str
    """After a whole number."""
    fraction_and: str
    """Between a whole number and a fraction."""
    parts: dict[int, tuple[str, str]]
    """Denominators: one and many."""
    squared: str
    cubed: str
    power: str
    """Comes between the base and the exponent."""
    signs: dict[str, str]
    abbreviations: dict[str, str]
    ordinal_marks: str
    """Pattern of what follows a number or a Roman one and makes it an ordinal; empty in German."""
    feminine_marks: str = ""
    """Those of them that make it feminine."""
    kings: Kings
    counted_parts: str
    """Pattern of the nouns after which a Roman number is a cardinal: chapters and their like."""
    centuries: str = ""
    """Pattern of the nouns in front of which a Roman number is an ordinal without a mark."""
    bound: str
    """Words that belong to the next one: no clause should end on them."""
