"""Special characters -> ordinary ones: decorated letters, circled numbers, units in one character.

`plain` works on any piece of a stream, character by character. `composed` works on a whole clause, where
several characters belong together: powers, fractions, Roman numerals, letters with separate accents.
"""

from __future__ import annotations

import re
import unicodedata

from voicecli.aloud.rules.numerals import roman

_COMPATIBLE = (
    (0x2100, 0x214F),  # letterlike: double-struck, script, degrees Celsius, the numero sign
    (0x249C, 0x24E9),  # letters in brackets and circles
    (0x3371, 0x33DF),  # units in one character
    (0xFB00, 0xFB06),  # ligatures
    (0xFF10, 0xFF19),  # full-width digits
    (0xFF21, 0xFF3A),
    (0xFF41, 0xFF5A),
    (0x1D400, 0x1D7FF),  # bold, italic, script, sans-serif letters and digits
    (0x1F110, 0x1F12B),  # letters in brackets
    (0x1F130, 0x1F149),  # letters in squares
)
_LEFT = frozenset(
    "\u2120\u2122\u2126\u212e\u2132\u2135\u213a\u213b\u2141\u2142\u2143\u2144\u214a\u214b\u214c\u214d\u214f"
)
"""Signs that look like letters but have a meaning of their own: they stay."""
_FULL_WIDTH = "＂＃＄％＆＇＊＋－．／＜＝＞＠＼＾＿｀｜～"
"""Full-width signs that become ordinary ones. `，！？：；（）` stay: Chinese and Japanese are written with them."""
_SMALL_CAPITALS = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnopqrstuvwyz", strict=True))


def _letters(first: int, count: int, begin: str) -> dict[int, str]:
    return {first + n: chr(ord(begin) + n) for n in range(count)}


def _numbers(first: int, count: int, begin: int) -> dict[int, str]:
    """Numbers in circles, with a space to either side: they belong to no word that they touch."""
    return {first + n: f" {begin + n} " for n in range(count)}


def _table() -> dict[int, str]:
    table = {
        code: unicodedata.normalize("NFKC", chr(code))
        for first, last in _COMPATIBLE
        for code in range(first, last + 1)
        if chr(code) not in _LEFT and unicodedata.decomposition(chr(code))
    }
    for code in range(0x3371, 0x33E0):  # cm2 and m3 are areas and volumes
        table[code] = re.sub(r"(?<=m)[23]$", lambda match: "²³"[int(match[0]) - 2], table[code])
    table |= {ord(sign): chr(ord(sign) - 0xFEE0) for sign in _FULL_WIDTH}
    for first, count, begin in (
        (0x2460, 20, 1), (0x2474, 20, 1), (0x2488, 20, 1), (0x24EA, 1, 0), (0x24EB, 10, 11), (0x24F5, 10, 1),
        (0x2776, 10, 1), (0x2780, 10, 1), (0x278A, 10, 1), (0x24FF, 1, 0),
    ):  # fmt: skip
        table |= _numbers(first, count, begin)
    table |= _letters(0x1F150, 26, "A") | _letters(0x1F170, 26, "A")
    return table | {0x2116: "No. ", 0x2103: "°C", 0x2109: "°F", 0x2107: "E"}


_TABLE = _table()

_SUPER = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵃᵇᶜᵈᵉᶠᵍʰʲᵏˡᵐᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀ"
_SUB = "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ"
_SUPERS = re.compile(f"(?<=[\\w)\\]°])[{_SUPER}]+|[{_SUPER}]+(?=⁄)")
_SUBS = re.compile(f"(?<=[\\w)\\]])[{_SUB}]+")
_BELOW = re.compile(f"(?<=⁄)[{_SUB}]+")
_NOTES = re.compile('(?<=[.,;:!?"”’])[¹²³⁰⁴-⁹]+(?=\\s|$)')
_ISOTOPE = re.compile("(?<![\\w.)\\]])[¹²³⁰⁴-⁹]+(?=[A-Z][a-z]?\\b)")
_SMALL_FRACTION = re.compile("(\\d?)([¼½¾⅐-⅞↉])")
_ROMAN = re.compile("[Ⅰ-Ⅿ]+|[ⅰ-ⅿ]+")
_SMALL_CAPS = re.compile(f"[{''.join(_SMALL_CAPITALS)}]{{2,}}")
_OVERLAYS = re.compile("[\u0332-\u0338\u20d0-\u20ef]|(?<=[\u0300-\u036f]{2})[\u0300-\u036f]+")
"""Lines drawn through letters, and accents beyond the second on one letter, which no language has."""


_COMPOSABLE = re.compile(
    f"[{_SUPER}{_SUB}{''.join(_SMALL_CAPITALS)}¹²³⁰⁴-⁹¼½¾⅐-ↈ⁄\u0300-\u036f\u20d0-\u20ef]"
)
"""Finds text in which one of the patterns above may match."""


def plain(text: str) -> str:
    """Put ordinary characters in place of those that only look different, in any piece of a stream."""
    return text if text.isascii() else text.translate(_TABLE)


def composed(text: str, *, levels: bool = True) -> str:
    """Write small fractions as `1/2`, and a letter and its accent as one character.

    With `levels`, write raised characters as `^{2}` and lowered ones as `_{1}`, for `maths`.
    """
    if text.isascii():
        return text
    text = unicodedata.normalize("NFC", text)
    if not _COMPOSABLE.search(text):
        return text
    text = _OVERLAYS.sub("", text)
    text = _SMALL_FRACTION.sub(_fraction, text)
    text = _NOTES.sub("", text)
    if levels:
        text = _ISOTOPE.sub(lambda match: f"{_flat(match[0])} ", text)
        text = _BELOW.sub(lambda match: _flat(match[0]), _SUPERS.sub(_raised, text))
        text = _SUBS.sub(lambda match: f"_{{{_flat(match[0])}}}", text)
    text = _ROMAN.sub(lambda match: str(roman(unicodedata.normalize("NFKC", match[0])) or match[0]), text)
    text = _SMALL_CAPS.sub(lambda match: "".join(_SMALL_CAPITALS[char] for char in match[0]), text)
    return text.replace("⁄", "/")


def _flat(run: str) -> str:
    return unicodedata.normalize("NFKC", run).replace("−", "-")


def _raised(match: re.Match[str]) -> str:
    run = _flat(match[0])
    if match.string[match.end() : match.end() + 1] == "⁄" or run in (
        "st",
        "nd",
        "rd",
        "th",
        "er",
        "re",
        "e",
        "o",
        "a",
    ):
        return run  # the upper half of a fraction, or an ordinal
    return match[0] if match[0] in "²³" else f"^{{{run}}}"


def _fraction(match: re.Match[str]) -> str:
    written = unicodedata.normalize("NFKC", match[2]).replace("⁄", "/")
    return f"{match[1]} {written}" if match[1] else written
