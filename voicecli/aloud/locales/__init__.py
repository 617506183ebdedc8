"""Plain text of a clause -> words, in German, French, Spanish, Italian, Dutch and Portuguese.

Only what espeak-ng says badly in the language is rewritten (docs/decisions/0015). One table of data for each
language (`language_table.Locale`), one mechanism for all.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicecli.aloud.tables.language_table import Locale, Rule

LANGUAGES = ("de", "fr", "es", "it", "nl", "pt")
"""Languages with a table; text in any other is left as it is."""

_MAY_END = frozenset(("etc", "usw", "ecc", "enz", "ä", "chr", "uu", "j.-c", "c", "m", "std", "min", "jh"))

_BEFORE_A_NAME = r"(?=\s(?:[A-ZÀ-Þ]|l[ea]\s|et\s))"
"""What must follow a French title: M. Dupont, M. le Président. "Me" in "Me voici" is no title."""

_INITIALS = re.compile(r"(?<![\w.])(?:[A-ZÀ-Þ]\.[\s-]?)+(?=[A-ZÀ-Þ][^\W\d_])")
_SLASH = re.compile(r"(?<=\w)/(?=\w)")
_POINT = re.compile(r"\w\.\w")
_THOUSANDS = re.compile(r"(?<![\w.,])\d{1,3}(?:\.\d{3})+(?!\w|\.\d)")
_ADDRESS = re.compile(
    r"(?<![\w.])(?:[\w-]+\.)+(?:com|org|net|io|dev|edu|gov|ai|eu|app|info|de|at|ch|fr|be|es|it|nl|pt|br)\b"
)


def localised(text: str, language: str) -> str:
    """Put numbers, dates, times, money, units, signs and abbreviations of one clause in words.

    `language` is ISO 639-1. Digits that the voice says well stay digits.
    """
    if language not in LANGUAGES:
        return text
    for needed, rules in _stages(language):
        if needed.search(text):
            for pattern, replacement in rules:
                text = pattern.sub(replacement, text)
    return " ".join(text.split())


@cache
def wants_more(language: str) -> frozenset[str]:
    """Abbreviations that no sentence ends with, in small letters and without their last full stop."""
    if language not in LANGUAGES:
        return frozenset()
    words = " ".join(_locale(language).abbreviations).split()
    return frozenset(word[:-1].lower() for word in words if word.endswith(".")) - _MAY_END


@cache
def bound(language: str) -> frozenset[str]:
    """Words that no clause should end with, in small letters: articles, prepositions, conjunctions."""
    return frozenset(_locale(language).bound.split()) if language in LANGUAGES else frozenset()


def _locale(language: str) -> Locale:
    match language:
        case "de":
            from voicecli.aloud.tables.german import GERMAN as LOCALE
        case "fr":
            from voicecli.aloud.tables.french import FRENCH as LOCALE
        case "es":
            from voicecli.aloud.tables.spanish import SPANISH as LOCALE
        case "it":
            from voicecli.aloud.tables.italian import ITALIAN as LOCALE
        case "nl":
            from voicecli.aloud.tables.dutch import DUTCH as LOCALE
        case _:
            from voicecli.aloud.tables.portuguese import PORTUGUESE as LOCALE
    return LOCALE


@cache
def _stages(language: str) -> list[tuple[re.Pattern[str], list[Rule]]]:
    """Groups of rules in their order, each with a pattern: without a match for it the group is skipped."""
    from voicecli.aloud.locales import amounts, clock_times, order

    locale = _locale(language)
    figure = re.compile(rf"[\d{amounts.VULGAR}]")
    dash_or_figure = re.compile(r"[\d–-]")
    ordinal = re.compile(r"\d|\b[IVX]+")
    signs = re.compile(f"[{re.escape(''.join(locale.signs))}x–-]")
    amount_stage = (re.compile(rf"[\d{amounts.VULGAR}/⁰-⁹²³^]"), amounts.rules(locale))
    order_stage = (ordinal, order.rules(locale))
    return [
        (
            figure,
            [
                (re.compile("\u03bc|\u2126"), lambda m: "\u00b5" if m[0] == "\u03bc" else "\u03a9"),
                *_figures(locale),
            ],
        ),
        (re.compile(r"[.°º/]|\b[A-Z]"), [_abbreviations(locale), (_INITIALS, _spelt)]),
        (dash_or_figure, clock_times.rules(locale)),
        # Amounts first in German, where a year is a number without a unit after it. Elsewhere ordinals
        # first: an Italian 1° is "primo", not a degree.
        *((amount_stage, order_stage) if language == "de" else (order_stage, amount_stage)),
        (signs, [(re.compile(r"(?<=\b[CF])#"), " sharp"), _signs(locale)]),
        (_SLASH, [(_SLASH, " ")]),  # und/oder, TCP/IP, 24/7: "barra", "slash"
        (_POINT, _points(locale)),
    ]


def _figures(locale: Locale) -> list[Rule]:
    """Write 1 234 567, 1'234 and 1,234.5 with no sign between thousands and a comma before decimals.

    Spanish, Italian and Portuguese voices say "uno doscientos" for 1 200, French and German ones "un million
    deux cents" for 1.200. In German a point stays until the rules for years have run: 1.200 is no year.
    """
    point = "." if locale.code == "de" else ""

    def whole(match: re.Match[str]) -> str:
        return re.sub(r"\D", point, match[0])

    def english(match: re.Match[str]) -> str:
        return match[0].translate({ord(","): point, ord("."): ","})

    return [
        (re.compile(r"(?<![\d.,] )(?<![\w.,+])[1-9]\d{0,2}(?: \d{3})+(?![\d]|[ -]\d)"), whole),
        (re.compile(r"(?<=\d),[-–—](?!\d)"), ""),  # 5,- €
        (re.compile(r"(?<![\w.,])\d{1,3}(?:['’]\d{3})+(?!\w)"), whole),
        (_THOUSANDS, whole),
        (re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?:\.\d+|(?<=,\d{3},\d{3}))(?![\w,])"), english),
    ]


def _points(locale: Locale) -> list[Rule]:
    """Say the points of addresses and versions, which some voices leave out: example.org, 192.168.1.1."""

    def said(match: re.Match[str]) -> str:
        return match[0].replace(".", f" {locale.point} ")

    return [
        (_THOUSANDS, lambda match: match[0].replace(".", "")),
        (re.compile(r"(?<![\w.,])\d+(?:\.\d+)+(?![\w])"), said),
        (_ADDRESS, said),
    ]


def _spelt(match: re.Match[str]) -> str:
    return re.sub(r"[.\s-]+", " ", match[0])


def _abbreviations(locale: Locale) -> Rule:
    """All abbreviations in one pattern. At the end of a clause, their full stop ends the sentence, too."""
    plain, units, titles, numbered = [], [], [], []
    words = {short.removesuffix(" #").replace(" ", ""): full for short, full in locale.abbreviations.items()}
    for short in sorted(locale.abbreviations, key=len, reverse=True):
        stem = short.rstrip(".")
        pattern = re.escape(short.removesuffix(" #")).replace(r"\ ", r"\s?")
        if short.endswith("#"):
            numbered.append(pattern)
        elif len(short) == 2 and stem.isascii() and stem.isalpha():
            titles.append(pattern)
        elif stem in locale.units or short in locale.magnitudes:
            units.append(pattern)  # a unit after a number, so an abbreviation only elsewhere
        else:
            plain.append(pattern)

    def said(match: re.Match[str]) -> str:
        full = words["".join(match[0].split())]
        ends = match[0].endswith(".") and not match.string[match.end() :].strip("\"'»”’)")
        return f"{full}." if ends else full

    none = "(?!)"
    return (
        re.compile(
            rf"(?<![\w.])(?:(?:{'|'.join(plain)})(?!\w)|(?<!\d )(?:{'|'.join(units) or none})(?!\w)"
            rf"|(?:{'|'.join(titles) or none}){_BEFORE_A_NAME}|(?:{'|'.join(numbered) or none})(?=\s?\d))"
        ),
        said,
    )


def _signs(locale: Locale) -> Rule:
    """Say signs of arithmetic where they can be nothing else: not a hyphen, a bracket, or the sharp of C#."""
    places = {
        "+": r"(?<=\d)\s*\+\s*(?=\d)|(?<=\s)\+(?=\s)|(?<![\w+])\+(?=\d)",
        "−": r"−|(?<![\w.,)])[-–]\s?(?=\d)",
        "=": r"(?<![=<>!])=(?![=>])",
        "×": r"×|(?<=\d)\s?x\s?(?=\d)",
        "·": r"(?<=\d)\s?·\s?(?=\d)",
        "<": r"(?<!\S)<\s?(?=\d|\s)",
        ">": r"(?<!\S)>\s?(?=\d|\s)",
        "~": r"(?<!\w)~\s?(?=\d)",
        "#": r"(?<!\w)#(?=\d)",
    }
    written = {"x": "×", "-": "−", "–": "−"}
    found = "|".join(places.get(sign, re.escape(sign)) for sign in locale.signs)

    def said(match: re.Match[str]) -> str:
        sign = match[0].strip()
        return f" {locale.signs[written.get(sign, sign)]} "

    return re.compile(rf"\s*(?:{found})\s*"), said
