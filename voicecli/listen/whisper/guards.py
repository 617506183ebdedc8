"""What one pass of Whisper gave -> whether anybody said it. Pure. Numbers: docs/decisions/0003."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from difflib import SequenceMatcher
from math import inf, log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicecli.messages import Transcript

_TIMESTAMP_S = 0.02
"""Seconds that one step of a timestamp token stands for."""

NO_SPEECH = 0.4
"""At a no-speech probability below it, somebody speaks; above it the words have to be likely
(`somebodys_log_prob`)."""
DOUBT_NO_SPEECH = 0.65
"""Up to this no-speech probability, a second pass over the whole window follows for words that repeat
themselves, or that are only a little less likely than they must be."""
NEARLY = 0.2
"""How far below the least log-probability words may be and still be worth a second pass (`Words.hardly`)."""
LOW_LOG_PROB = -1.0
"""Whisper's own `logprob_threshold`: below it the words are doubtful."""
MAX_TOKENS = 224
"""Half of Whisper's text context: the most it was trained to say of one window."""

HIGH_COMPRESSION = 2.4
"""Whisper's own `compression_ratio_threshold`: text that compresses better repeats itself."""

CLEAR_S = 0.4
"""Less clear speech than this may be a cough. If it is a word, the user sees that it was not understood."""
SOMEBODY = 0.5
"""From this `Transcript.spoken` on, Whisper takes the sound for speech."""

_LOOP = re.compile(r"(.{10,}?)\1|(.{3,}?)\2\2")
"""A sentence twice or a word three times in a row, in letters and digits alone."""
_TAIL = 20
"""Last letters of a text: where so many of them also occur earlier, one more round of a loop has begun."""
_ROUNDS = re.compile(r"(.+?)\1{2,}|(.{10,}?)\2+")
"""All rounds of such a loop; a group of the pattern holds one round, the shortest that repeats."""

ALIKE = 0.7
"""Two passes over one sound agree where so much of their letters is the same. Over a crowd they seldom do."""

_DIGIT = re.compile(r"[0-9]")
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
"""Whisper may write a digit as a word in one pass, and as a digit in another."""

LETTERS_A_SECOND = 25.0
"""What the fastest talkers say; others say 15."""
LETTERS_SPARE = 10.0
"""Allowed besides: the beginning and the end of what was said may be too soft to count as sound."""
DIGIT_LETTERS = 4
"""A digit is said as a word: "five"."""


@dataclass(frozen=True, slots=True)
class Words:
    """What one pass over a window gave."""

    text: str
    log_prob: float
    """Mean over the tokens."""
    no_speech: float
    """Probability that nobody speaks, 0..1."""
    tokens: int
    """Tokens of the text alone."""
    cut_off: bool
    """The token budget was used up before the words ended."""

    @property
    def repeats(self) -> bool:
        """The words repeat themselves without end."""
        return self.cut_off or is_loop(self.text)

    @property
    def margin(self) -> float:
        """How far their log-probability is above the least that words must have."""
        least = least_log_prob(self.no_speech, self.tokens)
        return self.log_prob - max(least, somebodys_log_prob(self.no_speech))

    @property
    def none(self) -> bool:
        """Nobody spoke, or Whisper made the words up from a crowd, from music or a voice too far away."""
        return not self.text or self.margin < 0.0

    @property
    def open(self) -> bool:
        """One pass is not enough to judge: the words repeat themselves, or are a little too unlikely."""
        return bool(self.text) and self.no_speech <= DOUBT_NO_SPEECH and (self.repeats or self.hardly)

    @property
    def hardly(self) -> bool:
        """They are only a little less likely than they must be."""
        return self.log_prob >= LOW_LOG_PROB and -NEARLY <= self.margin < 0.0

    def confirmed(self, before: str) -> bool:
        """Whether they are a little too unlikely, but agree with `before`: a pass over less of the sound."""
        return self.hardly and not self.repeats and self.no_speech <= NO_SPEECH and alike(self.text, before)

    def fits(self, sound_s: float) -> bool:
        """Whether somebody can say the words in `sound_s`; a loop goes on where nothing is left to hear."""
        return not self.cut_off and spoken_letters(self.text) <= LETTERS_A_SECOND * sound_s + LETTERS_SPARE


def missed(transcript: Transcript, clear_s: float) -> bool:
    """Whether somebody did speak, and no words were found.

    `clear_s`: seconds that the voice activity detector is sure are speech. The detector and Whisper must
    agree, because the detector takes a crowd for a speaker, and Whisper a hum.
    """
    return not transcript.text and clear_s >= CLEAR_S and transcript.spoken >= SOMEBODY


def somebodys_log_prob(no_speech: float) -> float:
    """Mean log-probability below which nobody spoke.

    Whisper itself has a bound for each of the two probabilities. In the short window, one bound that depends
    on both separates said words from made-up words better.
    """
    return 1.2 * (no_speech - 0.9) if no_speech > NO_SPEECH else -inf


def least_log_prob(no_speech: float, tokens: int) -> float:
    """Mean log-probability below which words are a guess at babble, music or a voice too far away.

    The surer Whisper is that somebody speaks, the less likely the words may be. The more words, the likelier
    each must be, because those before it help to predict it: a long guess has likelier words than a short
    one. How this bound was found: docs/decisions/0003-short-window.md.
    """
    return 1.25 * no_speech - 1.55 + 0.25 * log(min(max(tokens, 1), 12))


def token_budget(audio_s: float) -> int:
    """Tokens that speech of this length can need.

    English takes 4 a second, timestamps included; the fastest talkers and languages written in several tokens
    a syllable three times that.
    """
    return min(MAX_TOKENS, round(12 * audio_s) + 10)


def before_end(tokens: Sequence[int], first_timestamp: int, end_s: float) -> list[int]:
    """Leave out sentences that begin after the sound has ended: Whisper mostly repeats the last one there."""
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
    letters = _bare(text)
    packed = text.encode()
    return (
        _LOOP.search(letters) is not None
        or letters.find(letters[-_TAIL:]) < len(letters) - _TAIL
        or len(packed) > HIGH_COMPRESSION * len(zlib.compress(packed))  # as Whisper counts it
    )


def alike(one: str, other: str) -> bool:
    """Whether two passes over one sound found the same words, however often each repeats them."""
    one, other = (_DIGIT.sub(lambda digit: f" {_DIGITS[int(digit[0])]} ", text) for text in (one, other))
    pairs = ((one, other), (once(one), once(other)))
    return any(SequenceMatcher(None, _bare(a), _bare(b)).ratio() >= ALIKE for a, b in pairs)


def _bare(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def spoken_letters(text: str) -> int:
    """How long it takes to say the text, counted in letters of an alphabet."""
    return sum(_letters_of(char) for char in text if char.isalnum())


def _letters_of(char: str) -> int:
    if char.isdecimal():
        return DIGIT_LETTERS
    return 3 if char >= "\u2e80" else 1  # Chinese, Japanese, Korean: a syllable or more each


def once(text: str) -> str:
    """The text with one round left of each loop in it."""
    at = [place for place, char in enumerate(text) if char.isalnum()]
    letters = "".join(text[place].casefold()[0] for place in at)
    said, begin = "", 0
    for loop in _ROUNDS.finditer(letters):
        unit = loop[1] or loop[2]
        last = loop.end()
        rest = letters[last:]
        if rest and unit.startswith(rest):  # the beginning of one more round
            last = len(letters)
        said += text[begin : at[loop.start() + len(unit) - 1] + 1]
        begin = at[last - 1] + 1
    return (said + text[begin:]).strip()
