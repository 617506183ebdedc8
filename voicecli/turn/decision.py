"""What is known in a pause -> how long it must get for the turn to be committed. Pure: no clock, no model.

    speech ######### . . . . . . . . . . . . . . . .        pause
                       ^ noticed  ^ sound  ^ words          evidence
    pause_wanted_s     1.5        0.5      0.26     the turn is committed once the pause is that long

The log-odds z that the user has finished are a weighted sum of the evidence. A turn that is clearly over is
committed after `sure` seconds; one that may go on waits S_PER_LOG_ODDS * (asked - z) longer. How eager the
settings are (`TurnConfig.eager`) sets `sure` and `asked`.

Where the constants come from: docs/decisions/0006-turn-decision.md; scripts/turn/turn_fit.py makes them anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

from voicecli.turn.words import word_evidence

if TYPE_CHECKING:
    from voicecli.config import TurnConfig
    from voicecli.turn.witness import Ending

S_PER_LOG_ODDS = 2.0
"""Seconds of silence that make up for log-odds of 1."""
LOG_ODDS_ASKED = (2.76, -0.84)
"""`asked`: log-odds from which on a turn is clearly over, at eagerness 0 (94 % sure) and at 1 (30 %).
Between the ends of such a pair the value follows a straight line."""
SURE_S = (0.5, 0.17)
"""`sure`: the pause after a turn that is clearly over, at eagerness 0 and at 1. Most pauses inside a turn
are shorter than half a second, whatever the evidence."""
ASKED_S = (3.0, -1.0)
"""The longest pause after a whole question where no language model judges the words, as with a server; at
eagerness 0 and at 1. Where this is below the least pause allowed, that one counts."""
WHOLE_S = (2.7, 0.3)
"""The longest pause after a whole sentence, at eagerness 0 and at 1. Below an eagerness of 0.5 it is longer
than `turn.max_pause_ms`, and does nothing."""
ONE_KNOWN_S = 0.3
"""With only the sound or only the words known, the pause is at least this long: the other is on its way."""

NO_WORDS_S = 0.5
"""Pause that ends a sound without words: there is nothing to answer, and words may follow."""

FEW_WORDS = 2
FEW_WORDS_S = 0.6
"""Up to FEW_WORDS words take a pause of FEW_WORDS_S at least, unless they answer a question of the agent:
`Hello!` and `Thank you.` are whole sentences, and mostly not all that the user says."""

UNFINISHED_S = 0.8
"""The least pause while digits or letters are dictated, which people say in groups, and after words that
hang where no language model judges them. A choice."""
ANSWER_S = 0.3
"""The longest pause after "Yes" or "No" to a question of the agent: that is mostly all. A choice."""

WEIGHTS = {
    "always": 1.05,
    "sound": 0.60,
    "ending": 0.58,
    "finished": 0.14,
    "ends": 0.00,
    "asks": 0.00,
    "goes on": -2.33,
    "hangs": -0.48,
    "dictates": 0.00,
    "short answer": 0.00,
}
"""Log-odds that each piece of evidence is worth."""

WEIGHTS_WITHOUT_ENDING = {
    "always": 0.05,
    "sound": 0.82,
    "sound unknown": 0.17,
    "words unknown": -0.24,
    "ends": 0.00,
    "asks": 0.00,
    "goes on": -3.38,
    "hangs": -0.94,
    "dictates": -0.02,
    "short answer": 0.00,
}
"""These weights where no language model has said whether the words may end there."""

LEAST_ENDING = -3.0
"""A small language model that is surer than this of more words to come is wrong too often."""

_LEAST = 0.02
"""The least that Smart Turn's probability, and its complement, count as: it is never as sure as it says."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of the turn in its present pause."""

    spoken_s: float
    """Speech in the turn so far, pauses not counted, seconds."""
    sound: float | None = None
    """Smart Turn's probability that the turn is complete, 0..1; None until known."""
    words: str | None = None
    """The transcript so far, empty where nobody said a word; None until known."""
    ending: Ending | None = None
    """What the language model makes of the words; None until known."""
    language: str = "en"
    """Language of the words, ISO 639-1."""
    asked: bool = False
    """The agent's last reply ended with a question."""
    extra_s: float = 0.0
    """What this speaker's pauses add to the wait, seconds (`turn.habits`)."""


def features(evidence: Evidence) -> dict[str, float]:
    """The evidence as numbers, by the names of WEIGHTS; what is absent is 0."""
    found = {"always": 1.0}
    if evidence.sound is None:
        found["sound unknown"] = 1.0
    else:
        sure = min(1 - _LEAST, max(_LEAST, evidence.sound))
        found["sound"] = log(sure / (1 - sure))
    if evidence.words is None:
        found["words unknown"] = 1.0
        return found
    said = word_evidence(evidence.words, evidence.language)
    found["ends"] = float(said.ends)
    found["asks"] = float(said.asks)
    found["goes on"] = float(said.goes_on)
    found["hangs"] = float(said.hangs)
    found["dictates"] = float(said.dictates)
    found["short answer"] = float(evidence.asked and 0 < said.words <= 3)
    if evidence.ending is not None:
        found["ending"] = max(LEAST_ENDING, evidence.ending.stops)
        found["finished"] = evidence.ending.finished or 0.0
    return found


def log_odds(evidence: Evidence) -> float:
    """ln(p / (1 - p)), where p is the probability, as the pause begins, that the user has finished."""
    found = features(evidence)
    weights = WEIGHTS if "ending" in found else WEIGHTS_WITHOUT_ENDING
    return sum(weights.get(name, 0.0) * value for name, value in found.items())


def pause_wanted_s(evidence: Evidence, config: TurnConfig) -> float:
    """Seconds of silence after which the floor commits the turn, if nothing else becomes known.

    The floor asks again whenever something does. Always within `min_pause_ms` and `max_pause_ms`.
    """
    shortest, longest = config.min_pause_ms / 1000, config.max_pause_ms / 1000
    if evidence.words is not None and not evidence.words:
        return min(longest, max(shortest, NO_WORDS_S))
    if evidence.sound is None and evidence.words is None:
        return longest
    if evidence.sound is None or evidence.words is None:
        shortest = max(shortest, ONE_KNOWN_S)
    said = word_evidence(evidence.words or "", evidence.language)
    if evidence.words and not evidence.asked and said.words <= FEW_WORDS:
        shortest = max(shortest, FEW_WORDS_S)
    if said.dictates or (said.hangs and evidence.ending is None):
        shortest = max(shortest, UNFINISHED_S)
    doubt = max(0.0, _between(LOG_ODDS_ASKED, config.eager) - log_odds(evidence))
    wanted = _between(SURE_S, config.eager) + S_PER_LOG_ODDS * doubt
    if (said.asks or said.ends) and not said.hangs:
        unjudged = said.asks and evidence.ending is None
        wanted = min(wanted, _between(ASKED_S if unjudged else WHOLE_S, config.eager))
    if evidence.asked and said.agrees:
        wanted = min(wanted, ANSWER_S)
    return min(longest, max(shortest, wanted) + evidence.extra_s)


def _between(ends: tuple[float, float], share: float) -> float:
    return ends[0] + share * (ends[1] - ends[0])
