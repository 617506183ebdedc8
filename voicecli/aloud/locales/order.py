"""Ordinals, Roman numerals, and years that German says in hundreds -> words, in a language with a table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from voicecli.aloud.locales.number_words import ROMAN, ROMAN_VALUES, hundreds, ordinal

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.aloud.tables.language_table import Locale, Rule

_NAME = r"\b([A-ZÀ-ÖØ-Þ][^\W\d_]{2,}) "
_NOT_X = f"(?!X\\b){ROMAN}"
"""Any Roman numeral but X, which after a name may be a letter. (I is a word in English alone.)"""

_FEMININE_NAME = re.compile(r"(?:a|beth|trix|Isabel|Beatriz)$")

# In German, the word in front of an ordinal tells its ending.
_WEAK = re.compile(r"(?:der|die|das|eine|jede|diese|seine|ihre|meine|keine)\s$", re.IGNORECASE)
_STRONG = re.compile(r"(?:ein|kein|mein|sein|ihr|unser)\s$", re.IGNORECASE)
_OBLIQUE = re.compile(
    r"(?:dem|den|des|im|am|zum|zur|vom|beim|ans|ins|bis|ab|seit|nach|vor|einer|eines|einem|einen|jedem|jeden"
    r"|diesem|diesen|dieser|seinem|seinen|seiner|ihrem|ihren|ihrer|meinem|meinen|meiner|unserem|unserer)\s$",
    re.IGNORECASE,
)
_UNDER = re.compile(r"\b(?:unter|mit|von|bei|zu|seit|nach|dem|König|Kaiser|Papst)\s$")
_GENITIVE = re.compile(r"[^aeiouyäöüsxz]s$")
_YEAR_BEFORE = re.compile(
    r"(?:Jahr\w*|seit|von|bis|um|anno|ab|vor|nach|in|und|oder|zwischen|Sommer|Winter|Frühjahr|Herbst"
    r"|Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember)\s$",
    re.IGNORECASE,
)
_YEAR_BEHIND = re.compile(r"\s*(?:[,.;:!?)\]]|$|[a-zäöüß])")


def rules(locale: Locale) -> list[Rule]:
    """Rules for a language, in the order in which they apply."""

    def number(match: re.Match[str]) -> str:
        """Say digits or a Roman numeral and the mark of an ordinal after them, as in XVIIIe."""
        value = ROMAN_VALUES.get(match[1]) or int(match[1])
        feminine = bool(re.fullmatch(locale.feminine_marks or "(?!)", match[2]))
        words = ordinal(value, locale.code, feminine=feminine)
        if locale.code == "es" and match[2].endswith(("er", "ᵉʳ")):
            words = re.sub(r"(primer|tercer)o$", r"\1", words)
        return words + "s" * (match[2].endswith("s") and locale.code == "fr")

    def part(match: re.Match[str]) -> str:
        return f"{match[1]} {ROMAN_VALUES[match[2]]}{match[3] if match.end() == len(match.string) else ''}"

    def century(match: re.Match[str]) -> str:
        return ordinal(ROMAN_VALUES[match[1]], locale.code)

    def king(match: re.Match[str]) -> str:
        return _king(match, locale)

    parts = rf"\b((?i:{locale.counted_parts})) ({ROMAN})(\.?)(?!\w)"
    if locale.code == "de":
        return [
            (re.compile(rf"(?<![\w.])({ROMAN})\.(?=\s[A-ZÄÖÜ][a-zäöü])"), _roman_ordinal),
            (re.compile(parts), part),
            (re.compile(_NAME + rf"({ROMAN})(\.)(?!\w)"), king),
            (re.compile(_NAME + rf"({_NOT_X})()(?![\w.])"), king),
            (re.compile(r"(?<![\w.,])(\d{1,3})\. ?(?=[^\W\d_]{2,})"), _german_ordinal(locale)),
            (re.compile(r"(?<![\w.,-])(1[1-9]\d\d)(?![\w%]|[.,]\d)"), _german_year),
        ]
    made: list[Rule] = [
        (re.compile(rf"(?<!\w)({ROMAN})({locale.ordinal_marks})(?<!Vers)(?<!Ver)(?!\w)"), number),
        (re.compile(parts), part),
        (re.compile(_NAME + rf"({_NOT_X})()(?!\w)"), king),
        (re.compile(rf"(?<![\w.,])(\d{{1,3}})({locale.ordinal_marks})(?!\w)"), number),
    ]
    if locale.centuries:
        made.insert(0, (re.compile(rf"(?<!\w)({ROMAN})(?=\s(?:{locale.centuries}))"), century))
    return made


def _king(match: re.Match[str], locale: Locale) -> str:
    """Say a ruler's number: `Louis XIV`, `Ludwig XIV.`, `Isabel II`."""
    name, value = match[1], ROMAN_VALUES[match[2]]
    feminine = bool(_FEMININE_NAME.search(name))
    end = match[3] if match.end() == len(match.string) else ""
    match locale.kings:
        case "cardinal":
            said = "premier" if value == 1 else str(value)
        case "ordinal to ten" if value > 10:
            said = str(value)
        case "ordinal" | "ordinal to ten":
            said = ordinal(value, locale.code, feminine=feminine)
        case "article and ordinal" if locale.code == "de":
            said = _german_king(match, value, feminine=feminine)
        case "article and ordinal":
            said = f"de {ordinal(value, locale.code)}"
    return f"{name} {said}{end}"


def _german_king(match: re.Match[str], value: int, *, feminine: bool) -> str:
    word = ordinal(value, "de").capitalize()
    before = match.string[: match.start()]
    if _GENITIVE.search(match[1]):
        return f"des {word}n"
    if _UNDER.search(before) and not before.endswith(("König ", "Kaiser ", "Papst ")):
        return f"der {word}n" if feminine else f"dem {word}n"
    return f"die {word}" if feminine else f"der {word}"


def _roman_ordinal(match: re.Match[str]) -> str:
    """`der II. Weltkrieg` -> `der 2. Weltkrieg`; after a name it is a king's number and stays."""
    before = match.string[: match.start()].rsplit(" ", 2)[-2:]
    behind_name = len(before) == 2 and before[0][:1].isupper() and len(before[0]) > 3
    return match[0] if behind_name else f"{ROMAN_VALUES[match[1]]}."


def _german_ordinal(locale: Locale) -> Callable[[re.Match[str]], str]:
    months = locale.months.split()

    def said(match: re.Match[str]) -> str:
        before, behind = match.string[: match.start()], match.string[match.end() :]
        month = behind.startswith(tuple(months))
        word = ordinal(int(match[1]), "de")
        if _OBLIQUE.search(before):
            return f"{word}n "
        if _WEAK.search(before):
            return f"{word} "
        if _STRONG.search(before) or month:
            return f"{word}r "
        return f"{word} " if behind[0].islower() else match[0]

    return said


def _german_year(match: re.Match[str]) -> str:
    """Say 1989 as a year, if the word before or after it tells that it is one; else leave it."""
    before, behind = match.string[: match.start()], match.string[match.end() :]
    if _YEAR_BEFORE.search(before) or _YEAR_BEHIND.match(behind):
        return hundreds(int(match[1]), "de")
    return match[0]
