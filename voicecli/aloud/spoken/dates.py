"""Dates, times of day, durations and the dash between them -> words."""

from __future__ import annotations

import re

from voicecli.aloud.rules.names import DAYS, MONTHS, SHORT_DAYS, SHORT_MONTHS
from voicecli.aloud.rules.numerals import ordinal, year
from voicecli.aloud.rules.rules import (
    COLONS,
    DASHES,
    FOUR_DIGITS,
    MONTH,
    NAMES_DASH,
    POINTS,
    Rules,
    after_digit,
    behind_digit,
    one_of,
)
from voicecli.aloud.spoken.units import describes

_ANY_MONTH = one_of([*MONTHS, *SHORT_MONTHS])
_ANY_DAY = one_of([*DAYS, *SHORT_DAYS])
_ZONE = {"Z": " UTC", "z": " UTC"}
_OF_DAY = re.compile(r"\b(?:at|by|until|till|from|since|before|after|to|the)\s$", re.IGNORECASE)
_DASH_BEHIND_M = [f"{m}{dash}" for m in "mM" for dash in ("-", "–", " -", " –")]
_TRAVELS = r"flights?|trains?|routes?|lines?|trips?|express|ferry|ferries|bus|buses|road|railway|motorway|highway|corridor|journey|drive|race|axis|border|match|game|leg|service|treaty|tunnel|shuttle"
_NOT_CLOCK = r"(?<![\w:.,/-]\d)"


def _month_day(month: int, day: int, of_year: int | None) -> str:
    said = f"{MONTHS[month - 1]} {ordinal(day)}"
    return said if of_year is None else f"{said}, {year(of_year)}"


def _valid(month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


def _full_year(text: str) -> int:
    number = int(text)
    return number if len(text) > 2 else number + (2000 if number < 50 else 1900)


def _slashed(match: re.Match[str]) -> str:
    """Say 3/14/2025, the month first; in 14/3/2025 only the day can be first."""
    first, second, of_year = int(match[1]), int(match[3]), _full_year(match[4])
    if _valid(first, second):
        return _month_day(first, second, of_year)
    return _month_day(second, first, of_year) if _valid(second, first) else match[0]


def _pointed(match: re.Match[str]) -> str:
    """Say 25.12.2023, the day first."""
    day, month = int(match[1]), int(match[2])
    of_year = _full_year(match[3]) if match[3] else None
    return _month_day(month, day, of_year) if _valid(month, day) else match[0]


def _iso(match: re.Match[str]) -> str:
    """Say 2024-05-01T10:30:00Z; seconds only where they are not 0."""
    month, day = int(match[3]), int(match[4])
    if not _valid(month, day):
        return match[0]
    said = _month_day(month, day, int(match[1]))
    if match[5] is None:
        return said
    seconds = "" if not match[7] or not int(match[7]) else f" and {int(match[7])} seconds"
    zone = match[8] or ""
    zone = _ZONE.get(zone) or (
        f" UTC {'plus' if zone[0] == '+' else 'minus'} {int(zone[1:3])}" if zone else ""
    )
    return f"{said}, at {_clock(int(match[5]), match[6])}{seconds}{zone}"


def _clock(hour: int, minute: str, half: str = "") -> str:
    """15:00 -> 15 hundred; 00:00 -> midnight; 7:05 -> 7 oh 5; 10:30 -> 10 30."""
    if half:
        return (
            f"{hour}"
            if minute == "00"
            else f"{hour} oh {minute[1]}"
            if minute[0] == "0"
            else f"{hour} {minute}"
        )
    if minute == "00":
        if hour in (0, 24):
            return "midnight"
        return f"{hour} hundred" if hour > 12 else f"{hour} o'clock"
    return f"{hour or 'zero'} oh {minute[1]}" if minute[0] == "0" else f"{hour or 'zero'} {minute}"


def _time(match: re.Match[str]) -> str:
    hour, minute, half = int(match[1]), match[2], match[3] or ""
    if hour > 24 or (hour and minute > "09"):
        return match[0]  # espeak-ng says this well
    return _clock(hour, minute, half) + (f" {half.replace('.', '').strip()}" if half else "")


def _duration(match: re.Match[str]) -> str:
    """2:03:07 -> 2 hours, 3 minutes and 7 seconds."""
    parts = [
        f"{number} {name}" + ("" if number == 1 else "s")
        for number, name in zip(map(int, match.group(1, 2, 3)), ("hour", "minute", "second"), strict=True)
        if number
    ]
    fraction = match[4] or ""
    if fraction and parts and parts[-1].partition(" ")[2].startswith("second"):
        parts[-1] = f"{int(match[3])}{fraction} seconds"
    return ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1] if parts else match[0]


def _of_two(match: re.Match[str]) -> str:
    """9:09 min -> 9 minutes and 9 seconds; 1:30 h -> 1 hour and 30 minutes, but "at 10:30 h" is a time of day."""
    hours = match[6][0] in "hH"
    if hours and _OF_DAY.search(match.string[: match.start()]):
        return match[0]
    names = ("hour", "minute") if hours else ("minute", "second")
    adjective = describes(match)

    def said(first: str, second: str) -> str:
        parts = [
            f"{number} {name}" + ("" if number == "1" or adjective else "s")
            for number, name in zip((first.lstrip("0"), second.removeprefix("0")), names, strict=True)
            if number.strip("0.")
        ]
        return (" " if adjective else " and ").join(parts) or f"0 {names[1]}s"

    last = said(match[3], match[4] + (match[5] or ""))
    return f"{said(match[1], match[2])} to {last}" if match[1] else last


def _clock_with_seconds(match: re.Match[str]) -> str:
    seconds = int(match[4])
    return f"{match[1]}{_clock(int(match[2]), match[3])}" + (
        f" and {seconds} second{'s' * (seconds != 1)}" if seconds else ""
    )


def _month_of_year(match: re.Match[str]) -> str:
    return f"{MONTHS[int(match[2]) - 1]} {year(int(match[1]))}"


def _month(match: re.Match[str]) -> str:
    return SHORT_MONTHS[match[1]]


def _in_full(word: str) -> str:
    return SHORT_MONTHS.get(word) or SHORT_DAYS.get(word) or word


def _range(match: re.Match[str]) -> str:
    return f"{_in_full(match[1])} to {_in_full(match[2])}"


DATES = Rules(
    [
        (
            behind_digit("-/."),
            re.compile(
                r"(\d(?<![\w-]\d)\d{3})([-/.])(\d\d?)\2(\d\d?)(?:(?:T|,? (?:at )?)(\d\d):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?(Z|z|[+-]\d\d:?\d\d)?)?(?![\w-]|/\d)"
            ),
            _iso,
        ),
        (
            behind_digit("-/"),
            re.compile(r"(\d(?<![\w/.-]\d)\d?)([/-])(\d\d?)\2(\d{4}|\d\d)(?![\w/-])"),
            _slashed,
        ),
        (POINTS, re.compile(r"(\d(?<![\w/.-]\d)\d?)\.(\d\d?)\.(\d{4})(?![\w/-]|\.\d)"), _pointed),
        (
            (FOUR_DIGITS, "-0", "-1"),
            re.compile(r"((?:1[5-9]|20)(?<![\w-]..)\d\d)-(0[1-9]|1[0-2])(?![\w-])"),
            _month_of_year,
        ),
        (("T", "T-"), re.compile(r"(?<![\w/])T-(?=\d)"), "T minus "),
        # 12/25 is a date after "on", a fraction elsewhere.
        (
            (behind_digit("/"), "on ", "On "),
            re.compile(r"(?<=\b[Oo]n )(\d\d?)/(\d\d?)(?![\w/])"),
            lambda m: (
                _month_day(int(m[1]), int(m[2]), None)
                if _valid(int(m[1]), int(m[2])) and m[0] != "9/11"
                else m[0]
            ),
        ),
        # Times of day and durations.
        (
            (behind_digit(":"), "min", "hour", "hr", " h"),
            re.compile(
                r"(?:(\d(?<![\w:.,/-]\d)\d{0,2}):([0-5]\d)\s?[–-]\s?)?(\d(?<![\w:.,/]\d)\d{0,2}):([0-5]\d)(\.\d+)?[ -]?"
                r"(mins?|minutes?|hrs?|hours?|h)\b(?![/'’])"
            ),
            _of_two,
        ),
        ((behind_digit(":"), *DASHES), re.compile(r"(?<=\d:\d\d)\s?[–-]\s?(?=\d{1,2}:\d\d)"), " to "),
        (
            COLONS,
            re.compile(
                r"(\b(?:[Aa]t|from|until|till|by|since|before|after|to) )(\d\d?):(\d\d):(\d\d)(?![\w:])"
            ),
            _clock_with_seconds,
        ),
        (
            COLONS,
            re.compile(rf"(\d{_NOT_CLOCK}\d{{0,2}}):(\d\d):(\d\d)(\.\d+)?(?![\w:])"),
            _duration,
        ),
        (
            (behind_digit(":"), *DASHES),
            re.compile(rf"(\d{_NOT_CLOCK}\d?):(\d\d)(?=\s?[–-]\s?\d{{1,2}}:\d\d)(?![\d:])()"),
            _time,
        ),
        (
            behind_digit(":"),
            re.compile(r"(\d(?<![\w:.,/]\d)\d?):([0-5]\d)( ?(?:[AaPp]\.?[Mm]\b\.?))?(?![\d:]|-\d)"),
            _time,
        ),
        (
            behind_digit("apAP") + after_digit("apAP"),
            re.compile(r"(\d(?<![\w.:,]\d)\d?) ?([ap]m)\b", re.IGNORECASE),
            r"\1 \2",
        ),
        (
            ("-–", *_DASH_BEHIND_M),
            re.compile(r"(?:(?<=\d[ap]m)|(?<=\d [ap]m))\s?[–-]\s?(?=\d|noon|midnight)", re.IGNORECASE),
            " to ",
        ),
        (
            (FOUR_DIGITS, " hours", " hr"),
            re.compile(r"(?<![\w:.,])([01]\d|2[0-3])([0-5]\d)(?= hours\b| hrs?\b)"),
            lambda m: f"{int(m[1]) or 'zero'} {'hundred' if m[2] == '00' else m[2]}",
        ),
        (
            ("GU", "UTC+", "UTC-", "GMT+", "GMT-"),
            re.compile(r"\b(UTC|GMT)([+-])(\d{1,2})(?::00)?\b"),
            lambda m: f"{m[1]} {'plus' if m[2] == '+' else 'minus'} {int(m[3])}",
        ),
        # Ranges with a dash.
        ((MONTH, *DASHES), re.compile(rf"\b({_ANY_MONTH})\.?\s?[–-]\s?({_ANY_MONTH})\b(?!\.?\w)"), _range),
        ("-–", re.compile(rf"\b({_ANY_DAY})\.?\s?[–-]\s?({_ANY_DAY})\b"), _range),
        ((MONTH, *DASHES), re.compile(rf"(?<=\d)(st|nd|rd|th)?\s?[–-]\s?(?=(?:{_ANY_MONTH})\b)"), r"\1 to "),
        (MONTH, re.compile(rf"\b({one_of(SHORT_MONTHS)})(?= \d)"), _month),
        ((behind_digit("snrt"), *DASHES), re.compile(r"(?<=\d(?:st|nd|rd|th))\s?[–-]\s?(?=\d)"), " to "),
    ]
)
WORD_RANGES = Rules(
    [
        ("Q", re.compile(r"\b(Q[1-4])[–-](Q[1-4])\b"), r"\1 to \2"),
        (NAMES_DASH, re.compile(r"(?<![\w'’–-])([A-Z])[–-]([A-Z])(?![\w–'’-])"), r"\1 to \2"),
        (NAMES_DASH, re.compile(rf"(?<![\w–-])([A-Z]\w+)[–-]([A-Z]\w+)(?= (?:{_TRAVELS})\b)"), r"\1 to \2"),
        ("–", re.compile(r"(?<=\w)[–](?=[A-Za-z])"), "-"),
    ]
)
