"""An utterance -> its parts, each in one language; most have one. Pure, but for the recogniser it asks.

speech  ######## ######     ############ #####
spans   |--------------|    |-----------------|     at least a sentence each, a pause between
parts   |----- en -------||-------- de -------|     cut in the middle of the pause
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from voicecli.listen.whisper.languages import SENTENCE_S, likeliest, telling
from voicecli.messages import RATE_HZ

if TYPE_CHECKING:
    from voicecli.listen.recogniser import Recogniser
    from voicecli.messages import Float32, Utterance


@dataclass(frozen=True, slots=True)
class Part:
    """What is said in one language."""

    samples: Float32
    """(n,) float32 in [-1, 1], 16 kHz."""
    language: str | None
    """None where the recogniser is to find it."""
    clear_s: float
    """Seconds of it that the voice activity detector is sure are speech."""


def may_be_mixed(utterance: Utterance, recogniser: Recogniser) -> bool:
    """Whether there are two sentences in it whose languages could differ."""
    return len(_sentences(utterance)) > 1 and recogniser.finds_language


def parts_of(utterance: Utterance, recogniser: Recogniser, before: str) -> list[Part]:
    """The parts in order, each sample in one; `before`: the language spoken before, "" if unknown."""
    whole = [Part(utterance.samples, None, utterance.clear_s)]
    if not may_be_mixed(utterance, recogniser):
        return whole
    spans = _sentences(utterance)
    found = likeliest(recogniser.language_odds(utterance.samples, spans), spans, before)
    changes = [at for at, (one, other) in enumerate(pairwise(found), 1) if one != other]
    if not changes:
        return whole
    cuts = [round((spans[at - 1][1] + spans[at][0]) / 2 * RATE_HZ) for at in changes]
    ends = pairwise([0, *cuts, utterance.samples.size])
    return [
        Part(
            utterance.samples[begin:end],
            found[at],
            utterance.clear_s * (end - begin) / utterance.samples.size,
        )
        for (begin, end), at in zip(ends, [0, *changes], strict=True)
    ]


def _sentences(utterance: Utterance) -> list[tuple[float, float]]:
    """Begin and end of parts, seconds: spans joined until each part is long enough to tell its language.

    A part that is too short for that joins the one before it.
    """
    spans: list[tuple[float, float]] = []
    for first, last in telling(utterance.spans) if utterance.spans else []:
        begin_s, end_s = utterance.spans[first][0], utterance.spans[last - 1][1]
        if spans and (end_s - begin_s < SENTENCE_S or spans[-1][1] - spans[-1][0] < SENTENCE_S):
            begin_s = spans.pop()[0]
        spans.append((begin_s, end_s))
    return spans
