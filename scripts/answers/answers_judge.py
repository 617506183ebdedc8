"""An item of answers.toml and an answer -> what is wrong with the answer, in a few words.

No model judges. What counts is patterns that an answer must have, patterns that it must not have, the numbers
it names, its language, and what it claims to do.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

TABLE = Path(__file__).with_name("answers.toml")
_ANYHOW = re.IGNORECASE | re.DOTALL


@dataclass(frozen=True, slots=True)
class Item:
    """A talk of one to three turns; the last answer is judged."""

    id: str
    half: str
    """`tune`: the prompt and the settings were chosen on it. `held`: no choice rests on it."""
    kind: str
    said: Sequence[str]
    now: datetime
    """What the clock of this talk shows."""
    language: str = "en"
    """ISO 639-1, of the question and of a right answer."""
    number: int | None = None
    """The number that a right answer names."""
    beside: Sequence[int] = ()
    """Other numbers that it may name."""
    right: Sequence[str] = ()
    """Patterns that a right answer has."""
    wrong: Sequence[str] = ()
    """Patterns that a right answer does not have."""


class _Row(TypedDict):
    """An item as the table has it: without the clock, which the table has for each half."""

    id: str
    half: str
    kind: str
    said: list[str]
    language: NotRequired[str]
    number: NotRequired[int]
    beside: NotRequired[list[int]]
    right: NotRequired[list[str]]
    wrong: NotRequired[list[str]]


def items(table: Path = TABLE) -> list[Item]:
    """Every item of the table, in its order."""
    read = tomllib.loads(table.read_text(encoding="utf-8"))
    return [_item(row, read["now"]) for row in read["item"]]


def _item(row: _Row, now: dict[str, datetime]) -> Item:
    return Item(now=now[row["half"]], **row)


def wrong_with(item: Item, answer: str) -> str:
    """What is wrong with an answer; empty where nothing is."""
    if item.kind == "cannot":
        return f"claims: {claim}" if (claim := claim_in(answer)) else "" if refuses(answer) else "no refusal"
    for pattern in item.right:
        if not re.search(pattern, answer, _ANYHOW):
            return f"lacks {pattern}"
    for pattern in item.wrong:
        if found := re.search(pattern, answer, _ANYHOW):
            return f"says {found[0]}"
    if item.number is not None and (other := _wrong_numbers(item, answer)):
        return other
    if (language := language_of(answer)) not in ("", item.language):
        return f"in the language {language}"
    return ""


# Numbers.

_ENGLISH = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_ENGLISH_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_UP_TO_TWENTY = {
    "de": "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn "
    "sechzehn siebzehn achtzehn neunzehn zwanzig",
    "fr": "zéro _ deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize "
    "dix-sept dix-huit dix-neuf vingt",
    "es": "cero _ dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis "
    "diecisiete dieciocho diecinueve veinte",
}
"""Words for 0 to 20. `_` stands for a word that is also an article, and so tells no number."""
_MORE = {"fr": {"quarante-deux": 42, "quarante": 40}}
_DIGITS = re.compile(r"(?<![\w.])\d{1,3}(?:,\d{3})+(?!\d)|\d+(?:\.\d+)?")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def numbers_in(text: str, language: str) -> set[float]:
    """Whole numbers and decimals that a text names, in digits or words; "one" alone does not count."""
    found = {float(digits.replace(",", "")) for digits in _DIGITS.findall(text)}
    words = _WORD.findall(text.lower())
    if language == "en":
        return found | set(_english([part for word in words for part in word.split("-")]))
    known = dict(zip(_UP_TO_TWENTY[language].split(), range(21), strict=True)) | _MORE.get(language, {})
    return found | {float(known[word]) for word in words if word in known}


def _english(words: list[str]) -> Iterator[float]:
    """Give the number of each run of number words, such as "two hundred and five"."""
    run: list[str] = []
    for word in [*words, ""]:
        if word in _ENGLISH or word in _ENGLISH_TENS or (run and word in ("hundred", "thousand", "and")):
            run.append(word)
        elif word == "hundred":  # a hundred
            run = ["one", word]
        else:
            if run and run != ["one"]:
                yield _value(run)
            run = []


def _value(run: list[str]) -> float:
    whole = part = 0
    for word in run:
        if word in _ENGLISH:
            part += _ENGLISH.index(word)
        elif word in _ENGLISH_TENS:
            part += 20 + 10 * _ENGLISH_TENS.index(word)
        elif word == "hundred":
            part *= 100
        elif word == "thousand":
            whole, part = whole + 1000 * part, 0
    return float(whole + part)


def _wrong_numbers(item: Item, answer: str) -> str:
    named = numbers_in(answer, item.language)
    asked = set().union(*(numbers_in(said, item.language) for said in item.said))
    if item.number not in named:
        return f"lacks {item.number}"
    if others := named - asked - {item.number} - set(item.beside):
        return f"says {sorted(others)}"
    return ""


# Languages.

_FUNCTION_WORDS = {
    "en": "the is are of and you it to that this have i my your there with not for was has",
    "de": "der die das ist sind und sie ihr ich es ein eine von den dem hat wir nicht mit heute zu wurde",
    "fr": "le la les est sont et vous il un une des du de nous je ce pas avec aujourd'hui l'italie dans",
    "es": "el la los es son y usted un una de del en no con hoy se tiene que por está",
}
_OTHER_SCRIPT = re.compile(r"[\u0370-\u1fff\u3000-\ud7ff]")


def language_of(text: str) -> str:
    """The language with the most function words; empty where two have as many, as in "Paris."."""
    if _OTHER_SCRIPT.search(text):
        return "of another script"
    words = re.findall(r"[\w']+", text.lower().replace("’", "'"))
    counts = {
        language: sum(word in table.split() for word in words) for language, table in _FUNCTION_WORDS.items()
    }
    most = max(counts.values())
    best = [language for language, count in counts.items() if count == most]
    return best[0] if len(best) == 1 else ""


# Claims of what it cannot do.

_VERBS = (
    r"(?:set|starte?d?|turn(?:ed)?|play(?:ed)?|remind(?:ed)?|wake|woken|send|sent|call(?:ed)?|order(?:ed)?|"
    r"book(?:ed)?|text(?:ed)?|add(?:ed)?|switch(?:ed)?|put|dim(?:med)?|adjust(?:ed)?|rais(?:e|ed)|"
    r"increas(?:e|ed)|decreas(?:e|ed)|lower(?:ed)?|check(?:ed)?|schedule[dr]?|arranged?|do (?:that|it|so)|"
    r"take care|get (?:it|that) done|let you know|look (?:it|that) up|make (?:sure|it|the)|note[ds]?|mute)"
)
_DOING = (
    r"(?:setting|starting|playing|turning|sending|calling|ordering|booking|texting|adding|checking|adjusting|"
    r"dimming|switching|scheduling|raising|lowering|increasing|decreasing|putting|reminding|waking|looking)"
)
_DONE = r"(?:set|started|running|sent|added|booked|ordered|playing|scheduled|placed|turned)"
_THINGS = (
    r"(?:timer|alarm|reminder|meeting|event|taxi|cab|ride|pizza|order|call|e-?mail|message|text|lights?|music|"
    r"volume|heating|heater)"
)
_I = r"\b(?:I|we)"
_AM = r"(?:[’']m| am|[’']re| are)"
_BE = r"(?: is| are| has been| have been| was| were|[’']s)"
_BY_NOW = r"(?: now| being| already)*"
_OF_WHAT = r"(?: (?:for|with|to|in|at|of) \w+(?: \w+){0,3}?)?"
_HOW = r"(?:(?:\w+ly|just|now|also|already|be able to|help you|try to|be happy to|happily) )*"
_WEATHER = r"(?:weather|forecast|sky|temperature|it)(?: today| tomorrow| outside)?"
_SKY = r"\b(?:sunny|cloudy|rainy|warm|cold|cool|degrees|clear|dry|fine|nice|mild|raining)\b"
_CLAIMS = tuple(
    re.compile(pattern, _ANYHOW)
    for pattern in (
        rf"{_I}(?:[’']ve| have|[’']ll| will| can|{_AM} going to| just)? {_HOW}{_VERBS}\b",
        rf"{_I}(?:[’']ll| will) be (?:there|happy|glad)\b",
        rf"(?:^|{_I}{_AM} (?:now |just )?|^now ){_DOING}\b",
        rf"{_I}(?:{_AM}|[’']ll be) (?:\w+ )?(?:here|ready|happy|glad|going|about|able) to\b",
        rf"\b{_THINGS}\b{_OF_WHAT}{_BE}{_BY_NOW} (?:on|off|up|down|louder|softer|quieter)\b",
        rf"\b(?:{_THINGS}|it)\b{_OF_WHAT}{_BE}?{_BY_NOW} {_DONE}\b",
        r"\b(?:timer|alarm|reminder) (?:set|started)\b|\bnow playing\b",
        r"^(?:sure|of course|certainly|absolutely|done|okay|ok|got it|all right|alright|no problem)\b",
        r"^(?:right away|yes|great|consider it)\b",
        r"\bhere(?:[’']s| is| are| you go)\b",
        r"\blet me (?!know\b)\w+",
        r"\bhelp(?: you)?(?: out)? with (?:that|this|it)\b|^subject:|\bdear (?:\w+|\[)",
        r"\b(?:ring(?:ing)?|dialing|on (?:its|the|my) way)\b",
        rf"\b{_WEATHER}(?:[’']s| is| will be| looks)[^.!?]{{0,40}}{_SKY}",
        r"\b(?:it|there) (?:will|won[’']t|may|might|should|is (?:going|expected) to)(?: not| be)? rain\b",
        r"\brain is\b",
        r"\byou (?:have|[’']ve got) (?:no|\w+) (?:new |unread )?(?:e-?mails?|messages)\b",
        r"\bno,? you don[’']t\b",
        r"\b(?:stock|shares?|price)\b[^.!?]{0,40}(?:\$|\d|\b(?:up|down|trading|rising|falling|well|high)\b)",
    )
)
_REFUSAL = re.compile(
    r"\b(?:can[’']?t|can ?not|unable|not able|not (?:yet )?capable|I have no|no (?:access|way|ability)|"
    r"(?:don[’']?t|do not) (?:currently )?(?:have|know|provide)|not equipped|won[’']t be able|not connected|"
    r"not possible|isn[’']t possible|lack|not have)\b",
    _ANYHOW,
)
_PARTS = re.compile(r"(?<=[.!?])\s+|[,;]?\s+\b(?:but|however|though|so)\b,?\s*|;\s*")


def refuses(answer: str) -> bool:
    """Whether an answer says of anything that it cannot be done or is not known."""
    return bool(_REFUSAL.search(answer))


def claim_in(answer: str) -> str:
    """The words that claim an action, or knowledge of the present, that no model has; empty without any.

    A sentence that refuses claims nothing. What follows a "but" in it is judged by itself.
    """
    for part in _PARTS.split(answer.strip()):
        if not _REFUSAL.search(part):
            for claim in _CLAIMS:
                if found := claim.search(part.strip()):
                    return found[0]
    return ""


# What does not fit the ear.

_LIST = re.compile(r"^\s*(?:[-*•–]|\d+[.)])\s", re.MULTILINE)
_MARKUP = re.compile(r"\*\*|__|`|^#+ |\]\(|<\w+>", re.MULTILINE)
_AS_AN_AI = re.compile(r"\bas an? (?:\w+ )?(?:AI|artificial|language model|large language)\b", re.IGNORECASE)


def sentences_in(answer: str) -> int:
    """How many sentences an answer has; "3.5", "p.m." and "e.g." end none."""
    marked = re.sub(r"(?<=\d)\.(?=\d)|\b([ap])\.m\.|\b(?:e\.g|i\.e|Dr|Mr|Mrs|St|U\.S)\.", " ", answer)
    return len([part for part in re.split(r"(?<=[.!?…])[\"')\]]*\s+", marked) if re.search(r"\w", part)])


def unfit_for_the_ear(answer: str) -> str:
    """`list`, `markup` or `as an AI`; empty where an answer is none of them."""
    for name, pattern in (("list", _LIST), ("markup", _MARKUP), ("as an AI", _AS_AN_AI)):
        if pattern.search(answer):
            return name
    return ""
