"""What one pass of Whisper gave -> whether anybody said it. Pure. Numbers: docs/decisions/0003."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIMESTAMP_S = 0.02
"""What one step of a timestamp token means."""

NO_SPEECH = 0.4
"""At a no-speech probability below it, somebody speaks; above it the words have to be likely: `is_speech`."""
LOOP_NO_SPEECH = 0.2
"""Who does say a word three times is surely there."""
MAX_TOKENS = 224
"""Half of Whisper's text context: the most it was trained to say of one window."""

HIGH_COMPRESSION = 2.4
"""Whisper's own `compression_ratio_threshold`: text that compresses better repeats itself."""

_LOOP = re.compile(r"(.{10,}?)\1|(.{3,}?)\2\2")
"""A sentence twice or a word three times in a row, in letters and digits alone."""
_TAIL = 20
"""As many last letters that came before are the beginning of one more round."""


@dataclass(frozen=True, slots=True)
class Words:
    """What one pass over a window gave."""

    text: str
    log_prob: float
    """Mean over the tokens."""
    no_speech: float
    """Probability that nobody speaks, 0..1."""
    tokens: int
    """Of the text alone."""
    cut_off: bool
    """The tokens ran out before the words."""

    @property
    def repeats(self) -> bool:
        """They go round in circles."""
        return self.cut_off or is_loop(self.text)

    @property
    def nothing(self) -> bool:
        """Nobody spoke."""
        return not self.text or not is_speech(self.no_speech, self.log_prob, repeats=self.repeats)

    @property
    def guessed(self) -> bool:
        """Whisper made them up of something else than speech, or of speech too far away."""
        if self.repeats:  # each round makes the next one likelier
            return self.no_speech > LOOP_NO_SPEECH
        return self.log_prob < least_log_prob(self.no_speech, self.tokens)


def is_speech(no_speech: float, log_prob: float, *, repeats: bool) -> bool:
    """Weigh the probability that nobody speaks against the mean log-probability of the words.

    Whisper has two bounds for that. In the short window a slanting line keeps the two kinds further apart.
    """
    return no_speech <= NO_SPEECH or (not repeats and log_prob >= 1.2 * (no_speech - 0.9))


def least_log_prob(no_speech: float, tokens: int) -> float:
    """Mean log-probability below which words are a guess at babble, music or a voice too far away.

    The surer Whisper is that somebody speaks, the less likely the words may be; and of many words each is
    likelier, because those before it tell of it: a guess at many is as unlikely as one at few. How the line
    was found: docs/decisions/0003-short-window.md.
    """
    return 1.25 * no_speech - 1.55 + 0.25 * log(min(max(tokens, 1), 12))


def token_budget(audio_s: float) -> int:
    """Tokens that speech of this length can need.

    English takes 4 a second, timestamps included; the fastest talkers and languages written in several tokens
    a syllable three times that.
    """
    return min(MAX_TOKENS, round(12 * audio_s) + 10)


def before_end(tokens: Sequence[int], first_timestamp: int, end_s: float) -> list[int]:
    """Leave out the sentences that begin after the sound has ended: made up, mostly the last one again."""
    kept: list[int] = []
    worded = False
    for token in tokens:
        if token < first_timestamp:
            worded = True
        elif worded and (token - first_timestamp) * _TIMESTAMP_S >= end_s - 0.2:
            break  # a timestamp ends one sentence and begins the next
        kept.append(token)
    return kept


def is_loop(text: str) -> bool:
    """Whether the text says the same again and again, whatever its punctuation, case and script."""
    letters = "".join(c for c in text.casefold() if c.isalnum())
    packed = text.encode()
    return (
        _LOOP.search(letters) is not None
        or letters.find(letters[-_TAIL:]) < len(letters) - _TAIL
        or len(packed) > HIGH_COMPRESSION * len(zlib.compress(packed))  # as Whisper counts it
    )
