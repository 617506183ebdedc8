"""Plain text of one clause -> words a voice can say.

Only what espeak-ng, which turns Piper's text into phonemes, says badly is rewritten; what it says well
(decimals, thousands, ordinals, per cent, degrees, plus and equals, "e.g.") is left to it. Each rule of
`_ENGLISH` stands beside what espeak-ng 1.52 makes of the text without it. Rules that put in English words
apply to English voices only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import TypeAlias

from voicecli.reply.locales import localised
from voicecli.reply.scripts import foreign

CODE_PHRASE = {"en": "There is a code example here."}
"""Said in place of a block of code; in other languages it is passed over."""

_Replacement: TypeAlias = str | Callable[[re.Match[str]], str]
_Rule: TypeAlias = tuple[re.Pattern[str], _Replacement]

# Emoji: the pictograph blocks, flags, keycaps (a digit made a picture), dingbats; with the joiners, variation
# selectors, skin tones and tags that follow. Source: Unicode emoji-data.txt, rounded to whole blocks.
_PICTURE = (
    "\U0001f000-\U0001faff\u2300-\u23ff\u2500-\u27bf\u2b00-\u2bff"
    "\u203c\u2049\u3030\u303d\u3297\u3299\ufffc\ufffd"
)
_EMOJI = re.compile(
    f"(?:[0-9#*]\ufe0f?\u20e3|[{_PICTURE}]|[\u00a9\u00ae\u2122]\ufe0f)"
    f"[{_PICTURE}\u200d\ufe0e\ufe0f\u20e3\U000e0020-\U000e007f]*"
)
_ARROW = re.compile(r"\s*(?:[\u2190-\u21ff\u27f0-\u27ff\u2900-\u297f]\ufe0f?|=>|-+>|<-+)\s*")
_CITATION = re.compile(r"\[\^?\d{1,3}\]|\[[xX ]\](?=\s)")
_TIMES = re.compile(r"(?<=\d)\s*\*\s*(?=\d)|(?<=\b\w) \* (?=\w\b)")
_MINUS = re.compile(r"(?<=\d) [-–] (?=\d)")
_LINE_MARKS = re.compile(r"(?<!\S)(?:[-_*~#+:|]{2,}|={3,})(?!\S)")
_URL = re.compile(
    r"(?:https?://|ftp://|www\.)(?:www\.)?(?:[^\s/@]*@)?([^\s/?#:,;()\"'<>]+)[^\s<>\"]*", re.IGNORECASE
)
_BARE_URL = re.compile(
    r"(?<![\w@.])((?:[\w-]+\.)+(?:com|org|net|io|dev|edu|gov|ai))/[^\s<>\"]*", re.IGNORECASE
)
_SPACED_DASH = re.compile(r"(?<=\w)([.,:;!?]?)\s*(?:—|\s(?:[–]|-+)(?=\s|$))(?!\s*\d)\s*")
_STRAY = re.compile(r"[\[\]{}|\\`*~^<>_\u200d\ufe0e\ufe0f\u20e3]+")
_LONELY_POINT = re.compile(r"\s+([,;:.!?…]+)(?=\s|$)")
_POINTS = re.compile(r"([,;:])[,;:\s]*(?=[,;:.!?])")
_LEADING = re.compile(r"^[\s,;:.!?…)\]}»”。，、！？；：」』）—–/-]+(?=\D|$)")


def speakable(text: str, language: str = "en") -> str:
    """Turn the plain text of a clause into words for a voice of `language` (ISO 639-1).

    Returns an empty text when nothing in it can be said.
    """
    text = _without_controls(text)
    text = _EMOJI.sub(" ", text)
    text = foreign(text, language)
    for pattern, replacement in _NEUTRAL:
        text = pattern.sub(replacement, text)
    if language == "en":
        for pattern, replacement in _ENGLISH:
            text = pattern.sub(replacement, text)
    text = localised(text, language)
    text = _STRAY.sub(" ", text)
    text = _tidy(text)
    return text if any(char.isalnum() for char in text) else ""


def _without_controls(text: str) -> str:
    """Drop what no voice has a sound for; a lone surrogate or a NUL would stop espeak-ng as well."""
    return "".join(
        " " if char.isspace() else char
        for char in text
        if char.isspace()
        or char in "\u200c\u200d"
        or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn")
        or "\U000e0020" <= char <= "\U000e007f"
    )


def _tidy(text: str) -> str:
    """Set the points that lost their word beside the one before, and close up the spaces."""
    text = _LONELY_POINT.sub(r"\1", text)
    text = _POINTS.sub("", text)
    return " ".join(_LEADING.sub("", text).split())


def _url(match: re.Match[str]) -> str:
    """The host alone, with the point that ended the sentence."""
    tail = match[0][-1] if match[0][-1] in ".,;:!?" else ""
    return match[1].rstrip(".,;:!?") + tail


_NEUTRAL: list[_Rule] = [
    (_URL, _url),
    (_BARE_URL, _url),
    (_CITATION, ""),
    (re.compile(r"(?<!\S)!(?=\[)"), ""),
    (re.compile(r"\s*\|+\s*"), ", "),
    (_ARROW, ", "),
    (re.compile("[\u2122\u00ae]"), ""),
    (_TIMES, " × "),
    (_MINUS, " − "),
    (_SPACED_DASH, lambda match: f"{match[1] or ','} "),
    (_LINE_MARKS, " "),
]

_N = r"\d+(?:,\d{3})*(?:\.\d+)?"
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_TITLES = {
    "Dr": "Doctor", "Mr": "Mr", "Mrs": "Mrs", "Ms": "Ms", "Prof": "Professor", "Gen": "General",
    "Sen": "Senator", "Gov": "Governor", "Capt": "Captain", "Lt": "Lieutenant", "Col": "Colonel",
    "Sgt": "Sergeant", "Rev": "Reverend", "Mt": "Mount", "Ft": "Fort", "Fig": "Figure", "fig": "figure",
    "Vol": "Volume", "vol": "volume", "vs": "versus", "approx": "approximately", "dept": "department",
    "cf": "compare", "Sept": "September", **{month[:3]: month for month in _MONTHS if month != "May"},
}  # fmt: skip
_MONEY = {"$": "dollar", "€": "euro", "£": "pound"}
_MAGNITUDES = {
    "k": "thousand",
    "K": "thousand",
    "M": "million",
    "m": "million",
    "B": "billion",
    "bn": "billion",
}
_UNITS = {
    "km": "kilometre", "m": "metre", "cm": "centimetre", "mm": "millimetre", "mi": "mile",
    "ft": "foot", "yd": "yard", "kg": "kilogram", "g": "gram", "mg": "milligram",
    "lb": "pound", "lbs": "pound", "oz": "ounce",
    "l": "litre", "L": "litre", "ml": "millilitre", "mL": "millilitre", "cl": "centilitre",
    "ms": "millisecond", "s": "second", "sec": "second", "min": "minute",
    "h": "hour", "hr": "hour", "hrs": "hour", "B": "byte", "kB": "kilobyte",
    "KB": "kilobyte", "MB": "megabyte", "GB": "gigabyte", "TB": "terabyte",
    "Hz": "hertz", "kHz": "kilohertz", "MHz": "megahertz", "GHz": "gigahertz", "W": "watt", "kW": "kilowatt",
    "kWh": "kilowatt hour", "V": "volt", "mAh": "milliamp hour", "kcal": "kilocalorie",
    "m²": "square metre", "km²": "square kilometre", "m³": "cubic metre",
    "km/h": "kilometre per hour", "kph": "kilometre per hour", "mph": "mile per hour",
    "m/s": "metre per second", "Mbps": "megabit per second", "Gbps": "gigabit per second",
    "MB/s": "megabyte per second", "GB/s": "gigabyte per second",
}  # fmt: skip
_PLURALS = {"foot": "feet", **{name: name for name in _UNITS.values() if name.endswith("hertz")}}
_FRACTIONS = {
    "1/2": "one half", "1/3": "one third", "2/3": "two thirds", "1/4": "one quarter", "3/4": "three quarters",
    "1/5": "one fifth", "1/8": "one eighth", "3/8": "three eighths", "5/8": "five eighths",
}  # fmt: skip


def _one_of(words: dict[str, str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def _money(match: re.Match[str]) -> str:
    """`$3.50` -> 3 dollars and 50 cents; `$1.5 million` -> 1.5 million dollars."""
    sign, amount, magnitude = match[1], match[2], match[3]
    name = _MONEY[sign]
    if magnitude:
        return f"{amount} {_MAGNITUDES.get(magnitude, magnitude)} {name}s"
    whole, _, part = amount.partition(".")
    if len(part) != 2:
        return f"{amount} {name}" if amount == "1" else f"{amount} {name}s"
    small = "pence" if sign == "£" else "cent" if part == "01" else "cents"
    spoken_part = f"{int(part)} {small}"
    if whole == "0":
        return spoken_part
    spoken_whole = f"{whole} {name}" if whole == "1" else f"{whole} {name}s"
    return spoken_whole if part == "00" else f"{spoken_whole} and {spoken_part}"


def _unit(match: re.Match[str]) -> str:
    number, name = match[1], _UNITS[match[2]]
    if number == "1":
        return f"{number} {name}"
    first, _, rest = name.partition(" per ")
    plural = _PLURALS.get(first, first + "s")
    return f"{number} {plural} per {rest}" if rest else f"{number} {plural}"


def _date(match: re.Match[str]) -> str:
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    return f"{_MONTHS[month - 1]} {day}, {year}" if 1 <= month <= 12 and 1 <= day <= 31 else match[0]


def _letters(match: re.Match[str]) -> str:
    return " ".join(match[0].replace(".", " ").split()) + " "


_ENGLISH: list[_Rule] = [
    # J. K. Rowling -> "J." "K." "Rowling", three sentences; the U.S. President, two.
    (re.compile(r"(?<![\w.])(?:[A-Z]\.\s?){2,}(?=\w)|(?<![\w.])(?<![a-z] )[A-HJ-Z]\. (?=[A-Z])"), _letters),
    (re.compile(r"\bPh\.D\.(?=\s\w)"), "PhD"),
    # Mr. Smith -> "mister." "Smith", two sentences.
    (re.compile(rf"(?<![\w.])({_one_of(_TITLES)})\.(?=\s)"), lambda match: _TITLES[match[1]]),
    (re.compile(r"(?<=[a-z] )St\.(?=\s+[a-z]|,)"), "Street"),
    (re.compile(r"(?<=[a-z] )St\.$"), "Street."),
    (re.compile(r"(?<![\w.])St\.(?=\s+[A-Z])"), "Saint"),
    (re.compile(r"(?<!\w)(?:[Nn]o\. ?|#)(?=\d)"), "number "),
    (re.compile(r"(?<!\w)e\.g\."), "for example"),
    (re.compile(r"(?<!\w)i\.e\."), "that is"),
    (re.compile(r"(?<!\w)vs(?!\w)"), "versus"),
    (re.compile(r"(?<!\w)etc\.(?=[\s,;)])"), "et cetera"),
    (re.compile(r"(?<!\w)etc\.?$"), "et cetera."),
    (re.compile(r"\bC#"), "C sharp"),
    # The host of an address; "at" and "dot" as words, or a rule below would take the point for a decimal.
    (
        re.compile(r"[\w.+-]+@(?:[\w-]+\.)+\w+"),
        lambda match: match[0].replace("@", " at ").replace(".", " dot "),
    ),
    (
        re.compile(r"(?<![\w.@])(?:[\w-]+\.)+(?:com|org|net|io|dev|edu|gov|ai)\b(?!\.\w)"),
        lambda match: match[0].replace(".", " dot "),
    ),
    # 2024-05-01 -> "2024 dash 05 dash 01".
    (re.compile(r"(?<![\w-])(\d{4})-(\d\d)-(\d\d)(?![\w-])"), _date),
    # 555-1234 -> "555 dash one thousand two hundred ..."
    (
        re.compile(r"(?<![\w.,-])\d{3}-(?:\d{3}-)?\d{4}(?![\w-])"),
        lambda m: ", ".join(map(" ".join, m[0].split("-"))),
    ),
    # $5-10 -> "dollar 5 dash 10"; $3.50 -> "dollar three point five zero".
    (re.compile(rf"([$€£])({_N})\s?[-–]\s?[$€£]?(?={_N})"), r"\2 to \1"),
    (re.compile(rf"(?<!\w)([$€£])({_N})(?:\s?(k|K|M|m|B|bn|thousand|million|billion|trillion)\b)?"), _money),
    (re.compile(rf"(?<![\w.])({_N})\s?€"), r"\1 euros"),
    # 5-10 -> "5 dash 10"; 5–10 -> "5 10".
    (
        re.compile(rf"(?<![\w.,/:-])(\d+:\d\d|{_N})(%?)\s?[-–]\s?(?=(?:\d+:\d\d|{_N})(?!\d|-\d|[.,]\d))"),
        r"\1\2 to ",
    ),
    # 10:00 -> "10 zero zero"; 7:05 -> "7 zero five"; 16:9 -> "16 colon 9".
    (re.compile(r"(?<![\w:])(\d{1,2}):00(?=\s?[AaPp]\.?[Mm])"), r"\1"),
    (re.compile(r"(?<![\w:])(\d{1,2}):00(?![\w:])"), r"\1 o'clock"),
    (re.compile(r"(?<![\w:])(\d{1,2}):0([1-9])(?![\d:])"), r"\1 oh \2"),
    (re.compile(r"(?<![\w:])(\d+):(\d)(?![\w:])"), r"\1 to \2"),
    # 80 km/h -> "80 K M slash H"; 5 kg -> "5 K G". A bare s after digits is a plural: the 1990s.
    (re.compile(rf"(?<![\w.,])({_N})(?: ?(?!s\b)| (?=s\b))({_one_of(_UNITS)})(?![\w/²³])"), _unit),
    (re.compile(r"(?<=\w)/(month|year|week|day|hour|minute|second|person|night)\b"), r" per \1"),
    # 1/2 -> "1 slash 2"; and/or, TCP/IP, 24/7 -> "... slash ..."
    (re.compile(rf"(?<![\w/])({_one_of(_FRACTIONS)})(?![\w/])"), lambda match: _FRACTIONS[match[1]]),
    (re.compile(r"(?<=\w)/(?=\w)"), " "),
    # Signs espeak-ng is silent on, or calls tilde, less, caret and two.
    (re.compile(r"~\s?(?=[$€£]?\d)"), "about "),
    (re.compile(r"(?<!\S)<=?\s?(?=\d|\s)"), "less than "),
    (re.compile(r"(?<!\S)>=?\s?(?=\d|\s)"), "more than "),
    (re.compile(r"(?<=\w)(?:²|\^2\b)"), " squared"),
    (re.compile(r"(?<=\w)(?:³|\^3\b)"), " cubed"),
    (re.compile(r"(?<=\w)\^(?=[\w-])"), " to the power of "),
]
