"""Money, ranges, fractions, scores, years, telephone numbers, decades -> words, or digits said right."""

from __future__ import annotations

import re

from voicecli.aloud.maths.latex import fraction
from voicecli.aloud.rules.numerals import cardinal, decade, digits, year
from voicecli.aloud.rules.rules import (
    BEHIND_COMMA,
    DASHES,
    DECADE,
    FOUR_DIGITS,
    PHONE,
    POINTS,
    Rules,
    after_digit,
    behind_digit,
    one_of,
)
from voicecli.aloud.spoken.units import describes

N = r"\d+(?:,\d{3})*(?:\.\d+)?"
_MONEY = {
    "$": "dollar",
    "€": "euro",
    "£": "pound",
    "₹": "rupee",
    "¥": "yen",
    "₩": "won",
    "₽": "rouble",
    "₪": "shekel",
    "₿": "bitcoin",
}
_CODES = {"USD": "US dollar", "EUR": "euro", "GBP": "pound", "JPY": "yen", "CHF": "Swiss franc", "CAD": "Canadian dollar", "AUD": "Australian dollar", "INR": "rupee"}  # fmt: skip
_INITIALS = "".join({code[0] for code in _CODES})
_LAND = {
    "US": "US ",
    "A": "Australian ",
    "AU": "Australian ",
    "C": "Canadian ",
    "CA": "Canadian ",
    "NZ": "New Zealand ",
    "HK": "Hong Kong ",
    "S": "Singapore ",
    "R": "Brazilian ",
}
_ALIKE = frozenset({"yen", "won"})
_MAGNITUDES = {"k": "thousand", "K": "thousand", "M": "million", "m": "million", "mn": "million", "B": "billion", "b": "billion", "bn": "billion", "T": "trillion", "tn": "trillion"}  # fmt: skip
_SIGNS = "".join(_MONEY)
_OUT_OF = r"\b(?:[Pp]age|[Pp]art|[Ss]tep|[Ss]lide|[Aa]ttempt|[Tt]ry|[Ll]evel|[Rr]ound|[Qq]uestion|[Tt]ask|[Cc]hapter|[Ss]core[ds]?(?: of)?|[Rr]ated?(?: it)?|[Rr]ating(?: of)?|[Gg]ot)"


def _named(amount: str, name: str) -> str:
    return f"{amount} {name}" if amount == "1" or name in _ALIKE else f"{amount} {name}s"


def _money(match: re.Match[str]) -> str:
    """`$3.50` -> 3 dollars and 50 cents; `$1.5 million` -> 1.5 million dollars."""
    minus, land, sign, amount, magnitude = match.groups()
    minus = "minus " if minus else ""
    if describes(match) and (magnitude or "." not in amount):
        return (
            f"{amount} {_MAGNITUDES.get(magnitude, magnitude)} {_MONEY[sign]}"
            if magnitude
            else f"{amount} {_MONEY[sign]}"
        )
    name = _LAND.get(land or "", "") + _MONEY[sign]
    if magnitude:
        return minus + _named(f"{amount} {_MAGNITUDES.get(magnitude, magnitude)}", name)
    whole, _, part = amount.partition(".")
    if len(part) != 2 or name in _ALIKE:
        return minus + _named(amount, name)
    small = "pence" if sign == "£" else "cent" if part == "01" else "cents"
    spoken_part = f"{int(part)} {small}"
    if whole == "0" and int(part):
        return minus + spoken_part
    return minus + (_named(whole, name) if part == "00" else f"{_named(whole, name)} and {spoken_part}")


def _fraction(match: re.Match[str]) -> str:
    """7/8 -> 7 eighths; 24/7 and 9/11 are no fractions and stay."""
    whole, above, below = match[1], int(match[2]), int(match[3])
    if above >= below and not whole:
        return match[0]
    if below in (10, 100) and not whole and above > 1:
        return f"{above} out of {below}"
    if (
        (above, below) == (9, 11)
        or (below > 20 and below not in (32, 64, 100, 1000))
        or not (said := fraction(above, below))
    ):
        return match[0]
    return f"{whole} and {said}" if whole else said


def _year_at(match: re.Match[str]) -> str:
    return year(int(match[0]))


def _years(match: re.Match[str]) -> str:
    """1914-18 -> nineteen fourteen to eighteen."""
    first, last = match[1], match[2]
    return f"{year(int(first))} to {cardinal(int(last)) if len(last) == 2 else year(int(last))}"


def _decade(match: re.Match[str]) -> str:
    return decade(int(match[1]))


def _phone(match: re.Match[str]) -> str:
    """555-1234 -> groups of single digits."""
    plus = "plus " if match[0].startswith("+") else ""
    return plus + ", ".join(filter(None, (digits(group) for group in re.split(r"[^\d]+", match[0]))))


def _point(match: re.Match[str]) -> str:
    """Say a version: 1.10.2 -> 1 point one zero point 2, its parts digit by digit, as decimals are said."""
    first, *rest = match[2].split(".")
    said = " point ".join([first, *(part if len(part) == 1 else digits(part) for part in rest)])
    return ("version " if match[1] else "") + said + (f" {match[3]} " if match[3] else "")


_YEAR = r"(?:1[1-9]\d\d|20\d\d)"
_COUNTED = (
    r"(?:\s?(?:[°%€]|million|billion|thousand|hundred|dollars?|euros?|pounds?|people|words?|tokens?|lines?|times|items?|characters?|pages?|"
    r"users?|samples?|steps|rows|points?|degrees?|bytes|files|students|men|women|children|miles|feet|hours|minutes|days|years|"
    r"(?:kilo|centi|milli|mega|giga|tera|nano|micro)?(?:metres?|meters?|grams?|litres?|seconds?|bytes?|watts?|hertz|volts?|calories))\b|[.,]\d|\s?[-+×*/=^]\s?\d)"
)

AMOUNTS = Rules(
    [
        # Money. espeak-ng would say "dollar 5 dash 10" for $5-10, "dollar three point five zero" for $3.50.
        (("$£¥₩₪€₹₽₿", *DASHES), re.compile(rf"([{_SIGNS}])({N})\s?[-–]\s?[{_SIGNS}]?(?={N})"), r"\2 to \1"),
        (
            "$£¥₩₪€₹₽₿",
            re.compile(
                rf"(?:(?<!\w)([-−])(?=[A-Z$€£]))?(?:(?<!\w)({one_of(_LAND)}))?([{_SIGNS}]) ?({N})(?:[\s-]?(mn|bn|tn|[kKMmBbT]|thousand|million|billion|trillion)\b)?"
            ),
            _money,
        ),
        (
            behind_digit("£¥€₹") + after_digit("£¥€₹"),
            re.compile(rf"({BEHIND_COMMA})\s?([€£¥₹])"),
            lambda match: _named(match[1], _MONEY[match[2]]),
        ),
        ("¢", re.compile(rf"({BEHIND_COMMA})\s?¢"), lambda match: _named(match[1], "cent")),
        (
            (after_digit(_INITIALS) + behind_digit(_INITIALS), *_CODES),
            re.compile(rf"({BEHIND_COMMA}) ?({one_of(_CODES)})\b"),
            lambda match: _named(match[1], _CODES[match[2]]),
        ),
        (
            (_INITIALS, *_CODES),
            re.compile(rf"\b({one_of(_CODES)}) ?({N})\b"),
            lambda match: _named(match[2], _CODES[match[1]]),
        ),
        (
            behind_digit("kKMB"),
            re.compile(rf"({BEHIND_COMMA})([kKMB])(?= [a-z]+s\b)"),
            lambda match: f"{match[1]} {_MAGNITUDES[match[2]]}",
        ),
        # 3×5, 2x4, 1920x1080
        (
            behind_digit("xX×") + after_digit("xX×"),
            re.compile(
                rf"({BEHIND_COMMA}) ?(?:x|×|X) ?(?!10 ?(?:\^|\*\*))(?={N}(?: ?(?:x|×) ?\d+)*(?:\W|$|[a-z]+\b))(?!{N} ?=)"
            ),
            r"\1 by ",
        ),
        # Telephone numbers. espeak-ng would say "555 dash one thousand two hundred ..." for 555-1234.
        (
            PHONE,
            re.compile(
                r"(?<![\w.,-])(?:\+?1[ -.])?(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?![\w-])|(?<![\w.,-])(?:\d{3}-\d{3}-\d{4}|\d{3}-\d{4})(?![\w-])"
            ),
            _phone,
        ),
        ("+", re.compile(r"\+\d{1,3}(?:[ -]\(?\d{1,5}\)?){2,5}(?![\w-])"), _phone),
        (PHONE, re.compile(r"0(?<![\w.,-]0)\d{2,4}[ /-]\d{3,8}(?:[ -]\d{2,6})*(?![\w-])"), _phone),
        ((PHONE, "Call "), re.compile(r"(?<=\bCall )\d{3} \d{3} \d{4}(?!\w)"), _phone),
        # Versions and sections: 0.62.3.
        (
            POINTS,
            re.compile(
                r"(?<![\w.,])([vV](?=\d))?(\d+(?:\.\d+){2,})(?:-?(alpha|beta|rc)\.?(?=\d|\b))?(?![\w]|\.\d)"
            ),
            _point,
        ),
        (
            "vV",
            re.compile(r"[vV](?<![\w.].)(?:(?<=v)|(?=\d+\.))(\d+(?:\.\d+)?)(?![\w.]\d|\w)"),
            r"version \1",
        ),
        (
            ("FIPRZ", "RFC", "ISO", "PEP", "IEEE", "Route", "Flight", "Room", "PIN", "ZIP"),
            re.compile(r"\b(RFC|ISO|PEP|IEEE|Route|Flight|Room|PIN|ZIP)([ -])(\d{3,5})\b"),
            lambda match: f"{match[1]} {digits(match[3])}",
        ),
        (
            (FOUR_DIGITS, "ort"),
            re.compile(r"\b([Pp]orts?) (\d{4})\b"),
            lambda match: f"{match[1]} {port(match[2])}",
        ),
        (
            behind_digit("-–") + after_digit("-–"),
            re.compile(
                rf"((?:1[1-9]|20)(?<![\w.,/:-]..)\d\d)\s?[–-]\s?({_YEAR}|\d\d)(?![\w%]|[-–.,:]\d)(?!{_COUNTED})"
            ),
            _years,
        ),
        # 50-50, 2–2
        (behind_digit("-–"), re.compile(r"(\d(?<![\w.,/:-]\d)\d*)[-–]\1(?![\w-]|[.,]\d)"), r"\1 \1"),
        # Ranges. espeak-ng would say "5 dash 10" for 5-10, "5 10" for 5–10.
        (
            behind_digit("-–%") + after_digit("-–"),
            re.compile(
                rf"(\d(?<![\w.,/:-]\d)(?!(?<=7)[0-8]7-[2-9]00)\d*(?::\d\d|(?:,\d{{3}})*(?:\.\d+)?))(%?)\s?[-–]\s?(?=(?:\d+:\d\d|{N})(?!\d|-\d|[.,]\d|/\d))"
            ),
            r"\1\2 to ",
        ),
        (behind_digit(":"), re.compile(r"(\d(?<![\w:]\d)\d*):(\d|\d{3,})(?![\w:])"), r"\1 to \2"),
        (
            (behind_digit("/"), "/5", "/10"),
            re.compile(r"(\d(?<![\w/.,]\d)\d*\.\d+)/(5|10|100)(?![\w/]|\.\d)"),
            r"\1 out of \2",
        ),
        (
            (behind_digit("/"), "/5 ", "/10 "),
            re.compile(r"(\d(?<![\w/.,]\d))/(5|10)(?= (?:stars?|points)\b)"),
            r"\1 out of \2",
        ),
        # Fractions. espeak-ng would say "7 slash 8" for 7/8, "1 1 slash 2" for 1 1/2.
        (
            behind_digit("/"),
            re.compile(rf"({_OUT_OF} )(\d+)/(\d+)(?![\w/]|\.\d)"),
            lambda match: f"{match[1]}{match[2]} out of {match[3]}",
        ),
        (
            behind_digit("/"),
            re.compile(r"(?<![\w/.,])(?:(\d+)[ -])?(\d{1,3})/(\d{1,4})(?:ths?|rds?|nds?)?(?![\w/%]|\.\d)"),
            _fraction,
        ),
    ]
)
YEARS = Rules(
    [
        (DECADE, re.compile(r"(?<=\d0s)\s?[–-]\s?(?=[\d'’])"), " to "),
        # Decades and years.
        (
            DECADE,
            re.compile(r"(?<!\w)(?:the )?['’‘](\d0)['’]?s\b"),
            lambda m: ("the " if m[0].startswith("the") else "") + decade(int(m[1])),
        ),
        (DECADE, re.compile(r"(?<![\w.,])(?<=\bthe )(\d0)['’]?s\b"), _decade),
        (DECADE, re.compile(r"\b([Mm]id|[Ee]arly|[Ll]ate)-(?=\d{2,4}s\b)"), r"\1 "),
        (DECADE, re.compile(r"(?<![\w.,])(1\d\d0|20\d0)['’]?s\b"), _decade),
        # Years. espeak-ng would say "nineteen hundred eight" for 1908, "two thousand twenty four" for 2024.
        (
            (FOUR_DIGITS, "10"),
            re.compile(
                r"\b((?:[Ii]n|[Bb]etween|[Ss]ince|[Ff]rom|[Uu]ntil|[Bb]efore|[Aa]fter|[Bb]y) )(10\d\d)(?![\w.:/-]\w|\w)(?! [a-z]+s\b)"
            ),
            lambda match: match[1] + year(int(match[2])),
        ),
        ((FOUR_DIGITS, " by 10"), re.compile(r"(?<=\d by )10\d\d\b"), _year_at),
        (
            FOUR_DIGITS,
            re.compile(
                rf"(?:1[1-9]|20)(?<![\w.,$€£#:/+×*=^-]..)(?<!\bnumber ..)\d\d(?![\w%:/]|-\d)(?!{_COUNTED})"
            ),
            _year_at,
        ),
        (("A", "AD ", "A D "), re.compile(r"(?<![\w.,])(?:AD|A D) (\d{1,4})\b"), r"A D \1"),
        (after_digit("ABC"), re.compile(r"(?<=\d )(BCE?|CE|AD)\b(?!-)"), lambda match: " ".join(match[1])),
        # "1. first": drop the point, at which the voice would end a sentence.
        ((behind_digit("."), ". "), re.compile(r"(?<=\d)\.(?=\s+[a-z])"), ""),
        (behind_digit("'’"), re.compile(r"(?<=\d)['’]s\b"), "s"),
    ]
)


def port(number: str) -> str:
    """Say a port: 8080 -> eighty eighty; 3000 stays."""
    if len(number) != 4 or number.endswith("00") or number[0] == "0":
        return number
    return (
        year(int(number))
        if number[2] != "0"
        else f"{cardinal(int(number[:2]))} oh {cardinal(int(number[3]))}"
    )
