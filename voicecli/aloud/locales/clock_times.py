"""Dates, times of day, and ranges between two of anything -> words, in a language with a table."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from voicecli.aloud.locales.number_words import agreeing, counted, is_one

if TYPE_CHECKING:
    from voicecli.aloud.tables.language_table import Locale, Rule

_WHOLE = r"\d+(?:[.,:]\d+)?"
_HOUR = r"([01]?\d|2[0-4])"


def rules(locale: Locale) -> list[Rule]:
    """Rules for a language, in the order in which they apply."""
    months = locale.months.split()
    month, days = "|".join(months), "|".join(locale.weekdays.split())
    shorts = dict(zip(locale.short_months.split(), months, strict=True))
    short = rf"({'|'.join(shorts)})\.(?=\s|,|$)"
    hours = rf"(?:\s?({locale.hour_words})(?!\w))"
    iso = (
        r"(?<![\w-])(\d{4})-(\d\d)-(\d\d)"
        r"(?:[T ](\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?(?![\w-])"
    )
    reaches = (
        rf"(?<![\w.,/:+–-])({_WHOLE})((?:\s?(?:%|°C?|€|h(?:\d\d)?))?)\s?[–-]\s?"
        rf"(?=({_WHOLE})(?!\d|[-–/]\d|[.,:]\d))"
    )
    clock, hour = partial(_clock, locale), partial(_hour, locale)
    made: list[Rule] = [
        (re.compile(iso), partial(_iso, locale)),
        (
            re.compile(r"(?<![\w.,/-])(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?![\w/-]|\.\d)"),
            partial(_written, locale),
        ),
        (re.compile(rf"(?:(?<=\d\s)|(?<=\d\.\s)){short}"), partial(_month, shorts)),
        (re.compile(rf"\b({days}|{month}|[A-Z])\s?–\s?(?=(?:{days}|{month}|[A-Z])\b)"), _to(locale)),
        (re.compile(rf"\b({days})-(?=(?:{days})\b)"), _to(locale)),
        (re.compile(reaches), partial(_range, locale)),
        (re.compile(r"(?<![\w:.,])(\d{1,2}):([0-5]\d):([0-5]\d)(?![\w:])"), partial(_long_time, locale)),
        (re.compile(rf"(?<![\w:.,]){_HOUR}:([0-5]\d){hours}?(?![\w:])"), clock),
        (re.compile(rf"(?<![\w:.,]){_HOUR}\s?h\s?([0-5]\d)()(?!\w)"), clock),
        (re.compile(rf"(?<![\w:.,]){_HOUR}\.([0-5]\d){hours}"), clock),
        (re.compile(rf"(?<=\bore\s){_HOUR}[.,]([0-5]\d)()(?![\w.,])"), clock),
        (re.compile(rf"(?<![\w.,:])\d{{1,2}}(?=\s(?:{locale.hour_words})(?<!\s\w)(?!\w))"), hour),
        (re.compile(r"(?<![\w:.,])(\d+):(\d+)(?![\w:])"), rf"\1 {locale.ratio_word} \2"),
    ]
    if locale.code == "de":
        german = re.compile(r"(?<![\w.,/-])(\d{1,2})\.(\d{1,2})\.(?!\d)")
        made.insert(2, (german, partial(_day_and_month, locale)))
    if locale.first_day:
        joined = re.escape(locale.day_month)
        made.append((re.compile(rf"(?<![\w.,])1(?={joined}(?:{month})\b)"), locale.first_day))
    return made


def _date(locale: Locale, day: int, number: int, year: str) -> str | None:
    if not (1 <= number <= 12 and 1 <= day <= 31):
        return None
    said = locale.first_day if day == 1 and locale.first_day else str(day)
    return f"{said}{locale.day_month}{locale.months.split()[number - 1]}{locale.month_year}{year}"


def _iso(locale: Locale, match: re.Match[str]) -> str:
    date, time = _date(locale, int(match[3]), int(match[2]), match[1]), match[4]
    return match[0] if date is None else f"{date}, {time}" if time else date


def _written(locale: Locale, match: re.Match[str]) -> str:
    """`25.12.2023`, the day first; in `12/25/2023` only the month can be first, as Americans write it."""
    day, number = int(match[1]), int(match[3])
    if number > 12:
        day, number = number, day
    return _date(locale, day, number, match[4]) or match[0]


def _day_and_month(locale: Locale, match: re.Match[str]) -> str:
    return (_date(locale, int(match[1]), int(match[2]), "") or match[0]).rstrip()


def _month(shorts: dict[str, str], match: re.Match[str]) -> str:
    """Say a short month in full. Its point stays at the clause's end, and after "Mai", which is in full."""
    full = shorts[match[1]]
    return match[0] if full == match[1] else full + "." * (match.end() == len(match.string))


def _hour(locale: Locale, match: re.Match[str]) -> str:
    return agreeing(match[0], locale, feminine=locale.hour_feminine)


def _long_time(locale: Locale, match: re.Match[str]) -> str:
    parts = zip((match[1], match[2], match[3]), ("h", "min", "s"), strict=True)
    return " ".join(counted(str(int(part)), locale.units[unit], locale) for part, unit in parts)


def _to(locale: Locale) -> str:
    return rf"\1 {locale.range_word} "


def _clock(locale: Locale, match: re.Match[str]) -> str:
    """Say `15:30`. The groups of the match: hour, minute, and the word for hours if there is one."""
    number, minute, word = str(int(match[1])), int(match[2]), match[3]
    pattern = locale.hour_and_minute if minute else locale.whole_hour
    if word and not minute and "{hours}" not in pattern and locale.hour_feminine:
        pattern = "{h} {hours}"
    noun = locale.units["h"]
    return pattern.format(
        h=agreeing(number, locale, feminine=locale.hour_feminine),
        hours=noun.one if is_one(number, locale) else noun.many,
        m=minute,
    )


def _range(locale: Locale, match: re.Match[str]) -> str:
    """`9-17` goes up, so it is a range; `3-0` goes down: a score. What may be a telephone number stays."""
    first, unit, second = match[1], match[2], match[3]
    if re.match(r"\d{3}-\d{3}[1-9]\b", match.string[match.start() :]):
        return match[0]
    if len(first) > 5 or len(second) > 5 or (second[0] == "0" and second.isdecimal() and len(second) > 1):
        return match[0]
    scores = first.isdecimal() and second.isdecimal() and len(first) < 4 and int(first) > int(second)
    return f"{first}{unit} {locale.ratio_word if scores else locale.range_word} "
