"""Roman numerals -> numbers, where the words beside them show that they are numbers.

Letters alone are no evidence: Vitamin C, Malcolm X, MIX and the pronoun I are not numbers. Letters are a
numeral after a thing that is numbered (Chapter IV), after a ruler's name (Louis XIV: the Fourteenth),
after a person's (John Smith III), before "century", or after any name if they are two or more and no usual
abbreviation.
"""

from __future__ import annotations

import re

from voicecli.aloud.rules.names import FIRST_NAMES, KEYWORDS, REGNAL
from voicecli.aloud.rules.numerals import cardinal, ordinal, roman, year
from voicecli.aloud.rules.rules import Rules, one_of

_TITLES = r"King|Queen|Pope|Emperor|Empress|Tsar|Czar|Kaiser|Sultan|Prince|Princess|Duke|Saint|St"
_SAFE = r"(?:I[VX]|V?I{2,3}|VI|X[IVX]+|L[IVX]+)"
"""Numerals of two letters or more that are no usual abbreviation, as XL, CD, DC, MI and MD are."""
_NOT_PRONOUN = r"(?=\s*(?:[.,;:!?)]|$|['’]s|(?:of|ruled|reigned|died|became|and|in|is|who|from|or|to)\b))"
_HOUSE = r"(?:Super|World|Final|Street|Star|Baldur|Grand|Apollo|Olympic|Mortal|Civilization|Age)"


def _counted(match: re.Match[str]) -> str:
    number = roman(match[2])
    return f"{match[1]} {cardinal(number)}" if number else match[0]


def _more(match: re.Match[str]) -> str:
    """Say each numeral of a list: Parts I, II and III."""
    return re.sub(
        r"[IVX]+", lambda numeral: cardinal(roman(numeral[0])) if roman(numeral[0]) else numeral[0], match[0]
    )


def _ruler(match: re.Match[str]) -> str:
    number = roman(match[2])
    if not number or (match[1] == "Malcolm" and match[2] == "X"):
        return match[0]
    return f"{match[1]} the {ordinal(number).title()}"


def _named(match: re.Match[str]) -> str:
    """Say a numeral after a capitalised word: for a person as an ordinal, for a thing as a number."""
    before, name, number = match[1] or "", match[2], roman(match[3])
    if not number or (name.isupper() and len(name) > 1):
        return match[0]
    person = number < 6 and (before.strip() in REGNAL | FIRST_NAMES or name in REGNAL)
    return f"{before}{name} " + (f"the {ordinal(number).title()}" if person else cardinal(number))


def _century(match: re.Match[str]) -> str:
    return ordinal(number) + match[2] if (number := roman(match[1])) else match[0]


def _alone(match: re.Match[str]) -> str:
    return year(number) if 1500 <= (number := roman(match[0])) < 2100 else match[0]


_SPACED = (" I", " V", " X", " L")
ROMAN = Rules(
    [
        (
            ("CDILMVX", "centur"),
            re.compile(r"\b([IVXLCDM]+)(?:th|st|nd|rd)?([ -]centur(?:y|ies)\b)"),
            _century,
        ),
        (
            ("IVX", "s I", "s V", "s X"),
            re.compile(
                r"\b((?:Part|Book|Act|Volume|Chapter|Type|Phase|Stage|Section|Level)s) ([IVX]+(?:, [IVX]+)*,? (?:and|or|to) [IVX]+)\b"
            ),
            _more,
        ),
        (
            ("I", " I"),
            re.compile(
                rf"\b({one_of(KEYWORDS)}) (I)\b(?!['’]|\s[a-z]+(?:ed|ve|ke|nt|nk|ll|ld|ow)\b|\s(?:(?:am|was) [a-z]+ing|do|did|can|had|saw|got|say|see|read)\b)"
            ),
            _counted,
        ),
        (
            ("ILVX", *_SPACED),
            re.compile(rf"\b({one_of(KEYWORDS)}) ([IVX]{{2,}}|[VX]|[XL][IVXL]+)\b"),
            _counted,
        ),
        (
            "",
            re.compile(
                r"\b([Cc]hapter|[Ss]cene|Part|Act|Section|Verse|Appendix|part|verse|volume|book|scene|act|section|phase|type|stage|page|appendix) ([ivxl]{2,}|[IVX]{2,}|[vx])\b"
            ),
            _counted,
        ),
        (
            ("ILVX", *_SPACED),
            re.compile(rf"\b((?:{_TITLES})\.? [A-Z][a-z]+|{one_of(REGNAL)}) ({_SAFE}|[VX])\b(?!\.[A-Z])"),
            _ruler,
        ),
        (("I", " I"), re.compile(rf"\b((?:{_TITLES})\.? [A-Z][a-z]+) (I)\b(?!['’][mdlv])"), _ruler),
        (("I", " I"), re.compile(rf"\b({one_of(REGNAL)}) (I)\b{_NOT_PRONOUN}"), _ruler),
        (
            ("ILVX", *_SPACED),
            re.compile(rf"\b([A-Z][a-z]+ )?\b([A-Z][\w'’]+) ({_SAFE})\b(?!\.[A-Z])"),
            _named,
        ),
        (("IV", "Mk", "mk"), re.compile(r"\b(Mk|mk) ?(I{1,3}|IV|V)\b"), _counted),
        (
            ("I", "WW"),
            re.compile(r"\bWW ?(I{1,2})\b"),
            lambda match: f"World War {cardinal(roman(match[1]))}",
        ),
        ("M", re.compile(r"\bM(?:CM|DC{0,3}|M)[LXCIV]{2,}\b"), _alone),
        (
            "IVX",
            re.compile(r"^(?=[IVX]{1,4}\.)(I{1,3}|IV|V|VI{1,3}|IX|X)\.(?=$|\s[A-Z])"),
            lambda match: f"{roman(match[1])},",
        ),
    ]
)
