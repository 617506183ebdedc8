"""Words that tell where a clause may be cut, and whether a full stop ends a sentence."""

from __future__ import annotations

import re

from voicecli.aloud.locales import wants_more
from voicecli.aloud.rules.names import KEYWORDS, MONTH_NAMES, REGNAL


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


OPENERS = _set("but because which who whose where when while if although though since unless until that")
"""Words that open a clause: a good place for a cut is before them."""
PREPOSITIONS = _set(
    "and or in on at by for with from about into during after before through between to as under over"
)
"""Words before which a cut is nearly as good: prepositions, "and", "or"."""
BOUND = (
    OPENERS
    | PREPOSITIONS
    | _set(
        "a an the of my your his her its our their this these those no not very more most so such too than"
    )
    | _set("i you he she it we they is are was were be been has have had do does did")
    | _set("will would can could should may might must")
    | _set("w/ w/o b/c step page pages slide score port version number chapter")
)
"""Words that no clause should end with: they belong to the next word."""
NUMBERED_NAMES = KEYWORDS | REGNAL | MONTH_NAMES
"""Capitalised words that a number may follow: Chapter IV, Louis XIV, May 5."""
_NEVER_LAST = _set(
    "dr mr mrs ms mx prof st mt ft fig figs vs e.g i.e cf approx gen sen rep gov capt cmdr lt col maj "
    "sgt rev hon pres dept vol jan feb mar apr jun jul aug sep sept oct nov dec z.b d.h bzw ca p.ex "
    "blvd ave apt a.k.a messrs mlle mme viz w.r.t"
)
"""Abbreviations whose full stop never ends a sentence: another word always follows."""
_SELDOM_LAST = _set(
    "etc inc ltd co corp llc jr sr a.m p.m al ph.d m.d usw mon tue tues wed thu thur thurs fri rd ln "
    "hwy est assn bros max min sec hr hrs yr yrs mo lb lbs oz ft tbsp tsp"
)
"""Abbreviations whose full stop ends a sentence only if the next word begins with a capital."""
_NUMBERED = _set("no nr nos art pp p ch c ext tel ph sec eq ver v ed par para op bk pt sq ste rm vols apt")
"""Words that are abbreviations only before a number: "No. 5", but "No. I did not"."""
_LAST_PART = re.compile(r".*[–—-](?=\w)")


def sentence_ends(last: str, char: str, language: str) -> bool:
    """Whether `last`, which ends in a full stop, ends a sentence before a word beginning with `char`."""
    stem = last[:-1].lstrip("(\"'“‘«[*_")
    if not stem.isalnum():
        stem = _LAST_PART.sub("", stem)
    stem = stem.lower()
    if (
        stem in _NEVER_LAST
        or stem in wants_more(language)
        or (len(stem) == 1 and stem.isalpha())
        or _is_dotted(last)
    ):
        return False
    if stem in _NUMBERED:
        return not char.isdigit()
    if stem in _SELDOM_LAST:
        return char.isupper()
    # "am 5. Mai": in many languages, though not in English, a point makes a number an ordinal.
    return not (language != "en" and stem.isdigit() and len(stem) <= 2)


def _is_dotted(word: str) -> bool:
    """Whether the word is two or more capitals, each with a point after it: U.S., J.R.R."""
    letters = word.lstrip("(\"'“‘«[*_").split(".")
    return len(letters) > 2 and all(len(letter) == 1 and letter.isupper() for letter in letters[:-1])
