"""Words so far -> what they say about being finished. Pure; English, and punctuation in any language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

ENDS = ".!。！।"
"""Marks that end a sentence which asks nothing."""
QUESTIONS = "?？؟"
GOES_ON = (",", "...", "…", "-", "\N{EN DASH}", "\N{EM DASH}", ":", ";", "、", "،")
"""Marks after which more words come."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


FILLERS = _set("um uh uhm umm er erm hmm hm mm like well so")
HANGING = _set(
    # Conjunctions, articles, possessives, subjects, and verbs before their object or their verb.
    "and or but nor because since although though unless until while whereas if whether than that which who "
    "whose when where how then "
    "a an the my your his our their these those some any every "
    "of from into onto during without toward towards via per as "
    "i we he she they i'm i'd i'll i've we're you're it's there's "
    "is are was were am be been has have had will would can could should shall may might must do does did "
    "want need tell let's very really quite also maybe perhaps"
)
"""Last words after which more comes, mostly."""
STRANDED = _set("to with at by for between about on in from like is are was do does did have has want need")
"""Words that hang, too, but that may end a question: "Where are you from?", "What is it about?"."""
INTRODUCTIONS = frozenset(
    (
        *("you know", "i think", "i mean", "i guess", "let me see", "let me think", "tell me", "can you"),
        *("do you know", "can you tell me", "could you tell me", "can you explain", "could you please"),
        *("i want to know", "i would like", "i'd like", "hold on", "one moment", "and then"),
    )
)
"""If one of these is all that was said so far, more is sure to come."""
OPENERS = _set("when if because although though before after while since unless until once whenever")
"""A clause that begins with one of these, and stands alone, needs another clause."""

ENDINGS = frozenset(
    (
        "where to",
        "come in",
        "come on",
        "i am",
        "i do",
        "i did",
        "i will",
        "i can",
        "i have",
        "i would",
        "it is",
    )
)
"""Last two words that do end a sentence although the last alone would not."""

_DIGIT_WORDS = _set("zero oh one two three four five six seven eight nine double triple")
_DICTATED = _set("number code pin zip phone account card extension reference password digits")
"""Words before a number that is said digit by digit."""
_SPELT = re.compile(r"(?:(?<![a-z'’])[a-z][ ,-]+)+[a-z]\W*$")
"""Two or more letters by themselves at the end: "j o h", or as Whisper writes them, "J-O-H."."""
_YES_OR_NO = _set("yes yeah yep no nope nah sure")
PHONE_DIGITS = 7
"""A dictated number as long as the shortest telephone number may be complete."""


@dataclass(frozen=True, slots=True)
class WordEvidence:
    """What the last words look like. At most one of `ends`, `asks`, `goes_on` is true."""

    words: int
    """How many there are; of scripts without spaces between them, half the letters."""
    ends: bool
    """A full stop or exclamation mark."""
    asks: bool
    """A question mark."""
    goes_on: bool
    """A comma, dash, colon or an ellipsis."""
    hangs: bool
    """The last word is one that more follows: "and", "the", "to", "um". English only."""
    dictates: bool
    """A number is being said digit by digit, and is still short, or letters one by one. English only."""
    agrees: bool
    """Yes or no, and nothing else. English only."""


_SPACELESS = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""A letter of a script that puts no spaces between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""


@lru_cache(maxsize=16)
def word_evidence(text: str, language: str) -> WordEvidence:
    """Look at a transcript; `language` is an ISO 639-1 code."""
    text = text.strip()
    words = re.findall(r"[\w'’]+", text.lower().replace("’", "'"))
    goes_on = text.endswith(GOES_ON)
    english = language == "en"
    return WordEvidence(
        words=max(len(words), len(_SPACELESS.findall(text)) // 2),
        ends=not goes_on and text.endswith(tuple(ENDS)),
        asks=text.endswith(tuple(QUESTIONS)),
        goes_on=goes_on,
        hangs=english and _hangs(text, words, asks=text.endswith(tuple(QUESTIONS))),
        dictates=english and (_dictates(words) or bool(_SPELT.search(text.lower()))),
        agrees=english and len(words) == 1 and words[0] in _YES_OR_NO,
    )


def _hangs(text: str, words: list[str], *, asks: bool) -> bool:
    said = " ".join(words)
    if not words or " ".join(words[-2:]) in ENDINGS:
        return False
    if said in INTRODUCTIONS or (words[0] in OPENERS and not asks and "," not in text[:-1]):
        return True
    if asks and len(words) > 2 and words[-1] in STRANDED:
        return False
    return words[-1] in FILLERS or words[-1] in HANGING or words[-1] in STRANDED


def _dictates(words: list[str]) -> bool:
    """Whether the last words are digits, said one by one or after "number", too few for a telephone."""
    run = 0  # digits
    at = len(words)
    while at and (words[at - 1].isdecimal() or words[at - 1] in _DIGIT_WORDS):
        at -= 1
        run += len(words[at]) if words[at].isdecimal() else 1
    groups = len(words) - at
    named = any(word in _DICTATED for word in words[:at])
    return 0 < run < PHONE_DIGITS and (named or groups > 2)
