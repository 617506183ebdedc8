"""What a recording has beside the events of a talk: when who spoke, where sound is missing. Lines of JSON.

docs/recordings.md describes them. Each `t` counts from the start of the talk, as in the events.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from voicecli.events import Speaking
from voicecli.floor import facts
from voicecli.floor import orders as to
from voicecli.messages import RATE_HZ, Utterance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicecli.floor.facts import Fact
    from voicecli.floor.orders import Order

TRANSCRIPT = "transcript.jsonl"
SETTINGS = "settings.toml"
ABOUT = "about.json"
FORMAT = 1
"""Number of the form that docs/recordings.md describes."""


def noted(fact: Fact) -> bool:
    """Whether a fact holds times that no event has."""
    match fact:
        case facts.ClauseSounds() | facts.Gate(Utterance()):
            return True
        case _:
            return False


def note_of(entry: tuple[float, Fact, list[Order]], began: float) -> str:
    """Make the line for such a fact, with its time and its orders; empty where there is nothing to tell.

    `began`: start of the talk, s.
    """
    at, fact, orders = entry
    match fact:
        case facts.Gate(Utterance() as speech):
            return _spoken(speech, began)
        case facts.ClauseSounds() if fact.word_ends_at:
            told = (order.event for order in orders if isinstance(order, to.Tell))
            turn = next((event.turn for event in told if isinstance(event, Speaking)), None)
            ends = [round(at - began, 3) for at in fact.word_ends_at]
            return line("agent_words", at - began, turn=turn, index=fact.index, text=fact.text, ends_t=ends)
        case _:
            return ""


def _spoken(speech: Utterance, began: float) -> str:
    first_at = speech.speech_ended_at - (speech.speech_end - speech.start) / RATE_HZ - began
    spans = [[round(first_at + begin, 3), round(first_at + end, 3)] for begin, end in speech.spans]
    return line("user_speech", spans[0][0], spans_t=spans) if spans else ""


def sound(t: float, file: str, rate_hz: int) -> str:
    """From here on `file` holds the sound."""
    return line("sound", t, file=file, rate_hz=rate_hz)


def lost(t: float, losses: Mapping[str, int]) -> str:
    """What was lost so far, by the names that views show."""
    return line("losses", t, losses=dict(losses))


def line(name: str, t: float, **fields: object) -> str:
    """One line, as `events.as_json` makes them; a field that is None is left out."""
    kept = {key: value for key, value in fields.items() if value is not None}
    return json.dumps({"event": name, "t": round(t, 3), **kept}, allow_nan=False)
