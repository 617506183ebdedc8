"""Money, units, fractions and powers -> words, in a language with a table."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from voicecli.aloud.locales.number_words import NUMBER, agreeing, counted, is_one

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicecli.aloud.tables.language_table import Locale, Rule

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
VULGAR = "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
_VOWELS = "aeiouhéâ"


def rules(locale: Locale) -> list[Rule]:
    """Rules for a language, in the order in which they apply."""
    units, signs = one_of(locale.units), one_of(locale.money)
    magnitudes = one_of(locale.magnitudes)
    per = r"(?:\s?/\s?([^\W\d_]+[²³]?))?"

    def money_first(match: re.Match[str]) -> str:
        return _money(match[1], match[2], match[3], match[4], locale)

    def money_last(match: re.Match[str]) -> str:
        return _money(match[3], match[1], match[2], match[4], locale)

    def many(match: re.Match[str]) -> str:
        return counted(match[1], locale.magnitudes[match[2]], locale)

    def unit(match: re.Match[str]) -> str:
        said = counted(match[1], locale.units[match[2]], locale) + _per(match[3], locale)
        sentence_ends = match[4] and f"{match[2]}." not in locale.abbreviations
        return f"{said}." if sentence_ends else said

    def unit_alone(match: re.Match[str]) -> str:
        whole = locale.units.get(match[0])
        return whole.many if whole else locale.units[match[1]].many + _per(match[2], locale)

    def power(match: re.Match[str]) -> str:
        exponent = (match[1] or match[2]).translate(_SUPERSCRIPTS).replace("-", f"{locale.minus} ").strip("+")
        return " " + {"2": locale.squared, "3": locale.cubed}.get(exponent, f"{locale.power} {exponent}")

    def fraction(match: re.Match[str]) -> str:
        return _fraction(match, locale)

    return [
        # One character becomes two numbers: ¾ is 3⁄4.
        (
            re.compile(f"(\\d?)\\s?([{VULGAR}])"),
            lambda m: (f"{m[1]} " if m[1] else " ") + unicodedata.normalize("NFKC", m[2]),
        ),
        (re.compile(r"(?<=[\d\skc]m)([23])\b(?!\s?[/\d])"), lambda match: "²³"[int(match[1]) - 2]),
        (
            re.compile(rf"(?<!\w)({signs})\s?({NUMBER})(?:\s?({magnitudes})(?!\w))?{per}(?!\w)"),
            money_first,
        ),
        (
            re.compile(rf"(?<![\w.,])({NUMBER})(?:\s?({magnitudes}))?\s?({signs}){per}(?!\w)"),
            money_last,
        ),
        (re.compile(rf"(?<![\w.,])({NUMBER})\s?({magnitudes})(?![\w.])"), many),
        (re.compile(rf"(?<![\w.,/])({NUMBER})\s?({units}){per}(\.(?=\s[a-zà-ÿ\d]))?(?![\w²³/°])"), unit),
        (re.compile(r"(?<![\w/])(km|m|MB|GB)/([hs])(?!\w)"), unit_alone),
        (
            re.compile(rf"(?<![\w/.,])(?:(\d+)\s)?(\d{{1,2}})[/⁄](\d{{1,3}})(?:\s?({units}))?(?![\w/])"),
            fraction,
        ),
        (re.compile(r"(?<=[\w)])(?:([⁰¹²³⁴-⁹⁻⁺]+)|\^\{?([-+]?\w+)\}?)"), power),
    ]


def one_of(words: Iterable[str]) -> str:
    """Pattern of any of the words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def _per(name: str | None, locale: Locale) -> str:
    """`/h` -> ` par heure`."""
    if not name:
        return ""
    noun = locale.units.get(name)
    return f" {locale.per} {noun.one if noun else name}"


def _money(sign: str, amount: str, magnitude: str | None, per: str | None, locale: Locale) -> str:
    noun, cents = locale.money[sign], locale.cents.get(sign)
    amount = re.sub(r"^(\d+)\.(\d\d)$", r"\1,\2", amount)  # $3.50
    whole, _, part = amount.partition(",")
    if magnitude:
        million = locale.magnitudes[magnitude]
        directly = million.one == million.many  # "mil euros" has no "de" between, "un millón de euros" has
        said = f"{counted(amount, million, locale)} {noun.many if directly else _of(noun.many, locale)}"
    elif cents and len(part) == 2 and whole.replace(".", "").isdecimal():
        small = str(int(part))
        if whole == "0":
            said = counted(small, cents, locale)
        elif small == "0":
            said = counted(whole, noun, locale)
        else:
            said = locale.money_parts.format(whole=counted(whole, noun, locale), part=small)
    else:
        said = counted(amount, noun, locale)
    return said + _per(per, locale)


def _of(name: str, locale: Locale) -> str:
    """`d'euros`, `de litre`: the noun after a million or a quarter."""
    if locale.code == "fr" and name[0] in _VOWELS:
        return f"d'{name}"
    return f"{locale.of}{name}"


def _fraction(match: re.Match[str], locale: Locale) -> str:
    """Say `1/2`, `2 1/2`, `3/4 l` as fractions; leave 24/7 and 9/11, which are none."""
    whole, above, below, noun = match[1], int(match[2]), int(match[3]), locale.units.get(match[4] or "")
    if not 0 < above < below or (below != 2 and below not in locale.parts):
        return match[0]
    if below == 2:
        half = locale.half_more if whole else locale.half
        if noun and noun.feminine:
            half = re.sub(r"^un ", "une ", re.sub(r"o$", "a", half))
        name = "" if noun is None else f" {noun.many if whole else noun.one}"
        return f"{whole}{locale.fraction_and}{half}{name}" if whole else half + name
    part = locale.parts[below][not is_one(str(above), locale)]
    said = f"{agreeing(str(above), locale, feminine=False)} {part}"
    if noun:
        said += f" {_of(noun.one, locale)}"
    return f"{whole}{locale.fraction_and}{said}" if whole else said
