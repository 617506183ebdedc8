"""How likely each language is in pieces of speech -> the language of each. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SENTENCE_S = 2.0
"""Seconds of sound from which the language can be told."""

NEAR_S = 0.5
"""Pieces may be of one sentence if the pause between them is at most this. The silence that the gate keeps
around each piece does not count as pause."""

CHANGE_COSTS = 1.2
"""Log-odds by which a change of language must make the sound likelier. Whisper takes a word alone for another
language with a probability of up to 0.88; of a sentence it is sure."""

NEW_COSTS = 2.0
"""Log-odds that each language of these pieces costs besides, except the first and the one spoken before."""

LEAST_LIKELY = 0.001
"""The least probability that a language has in a piece: no single piece rules one out."""


def telling(spans: Sequence[tuple[float, float]]) -> list[tuple[int, int]]:
    """Pieces joined until they are long enough to tell their language: first and last + 1 of each group.

    The shortest joins the neighbour across the shorter pause, unless that is longer than NEAR_S. Where no
    group is long enough in the end, all are one.
    """
    groups = [(at, at + 1) for at in range(len(spans))]

    def seconds(at: int) -> float:
        first, last = groups[at]
        return sum(end_s - start_s for start_s, end_s in spans[first:last])

    def pause_s(at: int) -> float:
        """Pause before group `at`, seconds; infinite at either end."""
        return spans[groups[at][0]][0] - spans[groups[at][0] - 1][1] if 0 < at < len(groups) else math.inf

    for _ in spans:
        short = [at for at in range(len(groups)) if seconds(at) < SENTENCE_S]
        near = [at for at in short if min(pause_s(at), pause_s(at + 1)) <= NEAR_S]
        if not near:
            break
        at = min(near, key=seconds)
        second = at if pause_s(at) <= pause_s(at + 1) else at + 1
        groups[second - 1 : second + 1] = [(groups[second - 1][0], groups[second][1])]
    if all(seconds(at) < SENTENCE_S for at in range(len(groups))):
        return [(0, len(spans))]
    return groups


def likeliest(
    odds: Sequence[Mapping[str, float]], spans: Sequence[tuple[float, float]], before: str
) -> list[str]:
    """The language of each group: few languages, and few changes, that make the sound likely.

    `odds`: for each group, the probability of each language by its sound. `spans`: its begin and end,
    seconds; a short group counts less. `before`: the language spoken before them, "" if unknown.
    """
    weights = [min(1.0, (end_s - start_s) / SENTENCE_S) for start_s, end_s in spans]
    candidates = {max(likely, key=lambda language: likely[language]) for likely in odds} | {before} - {""}
    chosen: tuple[str, ...] = ()
    score, way = -math.inf, [""]
    while candidates:
        tried = {one: _through(odds, weights, (*chosen, one), before) for one in candidates}
        best = max(tried, key=lambda one: tried[one][0])
        known = not chosen or best == before
        if tried[best][0] - (0.0 if known else NEW_COSTS) <= score:
            break
        score, way = tried[best]
        score -= 0.0 if known else NEW_COSTS
        chosen, candidates = (*chosen, best), candidates - {best}
    return way


def _through(
    odds: Sequence[Mapping[str, float]], weights: Sequence[float], languages: Sequence[str], before: str
) -> tuple[float, list[str]]:
    """The likeliest way through the groups in these languages (Viterbi, 1967), and its log-odds."""
    ways: dict[str, tuple[float, list[str]]] = {
        one: (0.0 if before in ("", one) else -CHANGE_COSTS, []) for one in languages
    }
    for likely, weight in zip(odds, weights, strict=True):
        best, way = max(ways.values(), key=lambda item: item[0])
        longer = {}
        for one, (stays, kept) in ways.items():
            score, so_far = (stays, kept) if stays >= best - CHANGE_COSTS else (best - CHANGE_COSTS, way)
            heard = weight * math.log(max(likely.get(one, 0.0), LEAST_LIKELY))
            longer[one] = (score + heard, [*so_far, one])
        ways = longer
    return max(ways.values(), key=lambda item: item[0])
