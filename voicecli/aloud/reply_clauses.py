"""One reply while it is written -> its clauses, also where it breaks off or never begins.

whole              all its clauses
broke off          those that came, and the last one if it can stand alone
never begun        an apology, where one is wanted
"""

from __future__ import annotations

import re

from voicecli.aloud.apology import APOLOGIES
from voicecli.aloud.clauses import ClauseSplitter
from voicecli.turn.words import word_evidence

SHOWN_CHARS = 40
"""Characters of a reply that are kept, to be shown to the user where it has no words."""

LEAST_WORDS = 3
"""Least words of a sentence without its end that are said: fewer tell nothing. A choice."""


TAIL_CHARS = 8
"""Characters of a reply's end that are kept, to tell whether it ended."""

_STOPS = (".", "!", "?", "…", "。", "！", "？", "।", "؟")
_MARKS = " ,;:—–-"
_INNER = re.compile(r"(.+[.!?…,;:])\s")
_CLOSERS = " \n\"'”’»)]*_`"


class ReplyClauses:
    """Cuts one reply into clauses. Not thread-safe."""

    def __init__(self, language: str, *, long: bool = False) -> None:
        """`language` is the voice's, ISO 639-1. `long`: make longer clauses, which cost less."""
        self._language, self._long = language, long
        self._splitter = ClauseSplitter(language, long=long)
        self._tail = ""  # the last characters that came
        self._begun = False
        self.beginning = ""
        """Of what was written, `SHOWN_CHARS` at most."""

    @property
    def held(self) -> int:
        """Characters that are in no clause yet."""
        return self._splitter.held

    def push(self, delta: str) -> list[str]:
        """Take the next piece of the reply; give the clauses that it completes."""
        self.beginning = (self.beginning + delta)[:SHOWN_CHARS]
        self._begun, self._tail = True, (self._tail + delta)[-TAIL_CHARS:]
        return self._splitter.push(delta)

    def take_back(self) -> None:
        """All that came so far was thinking."""
        self._splitter, self.beginning = ClauseSplitter(self._language, long=self._long), ""

    def finish(self, *, whole: bool) -> list[str]:
        """Give what is left; of a reply that is not `whole`, what of its last clause can stand alone."""
        rest = self._splitter.finish()
        if not rest or whole:
            return rest
        last = remainder(rest[-1], self._tail, self._language)
        return [*rest[:-1], last] if last else rest[:-1]

    def apologise(self) -> list[str]:
        """Give an apology in place of a reply; nothing where one has begun, or where none is known."""
        splitter = ClauseSplitter(self._language)
        apology = "" if self._begun else APOLOGIES.get(self._language, "")
        return [*splitter.push(apology), *splitter.finish()]


def remainder(clause: str, tail: str, language: str) -> str:
    """Give what stands alone of the last clause of a reply that broke off, from its beginning; or nothing.

    `tail` is how the text ended as it was written: the clause has got a full stop of its own. After a letter
    or a digit, the last word may lack its end. A sentence that came whole stands. Which words hang is known
    for English. `language` is an ISO 639-1 code.
    """
    if tail.rstrip(_CLOSERS).endswith(_STOPS) and not tail.rstrip(_CLOSERS).endswith("..."):
        return clause
    *before, last = clause.split() or [""]
    if tail[-1:].isalnum() and word_evidence(last, language).words <= 1:  # words have spaces between them
        clause = " ".join(before)
    left = clause.rstrip(_MARKS + ".")
    while left and not left.endswith(_STOPS):
        bare = left.rstrip(_MARKS)
        evidence = word_evidence(bare, language)
        if evidence.words >= LEAST_WORDS and not evidence.hangs:
            return f"{bare}."
        before_mark = _INNER.match(left)
        left = before_mark[1] if before_mark else ""
    return left
