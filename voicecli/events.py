"""Events of a talk, for those who read them: one frozen record for each, and its form as JSON.

docs/events.md describes them for readers of `talk --json`.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias


@dataclass(frozen=True, slots=True)
class Listening:
    """The microphone is open; said when talk is ready and after every turn."""

    name: ClassVar[str] = "listening"
    t: float
    """Seconds since the start of the talk, as in every event."""
    model: str | None = None
    """The language model in use; the first time only."""
    hint: str | None = None
    """How to get a better model, where there is one; the first time only."""


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """The user began to speak."""

    name: ClassVar[str] = "speech_started"
    t: float
    turn: int


@dataclass(frozen=True, slots=True)
class Partial:
    """The user's words so far, which may still change."""

    name: ClassVar[str] = "partial"
    t: float
    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What the user said in this turn, final."""

    name: ClassVar[str] = "transcript"
    t: float
    turn: int
    text: str
    language: str
    confidence: float


@dataclass(frozen=True, slots=True)
class ReplyClause:
    """A clause of the reply is written; it does not sound yet."""

    name: ClassVar[str] = "reply"
    t: float
    turn: int
    index: int
    text: str


@dataclass(frozen=True, slots=True)
class Speaking:
    """A clause begins to sound."""

    name: ClassVar[str] = "speaking"
    t: float
    turn: int
    index: int
    text: str


@dataclass(frozen=True, slots=True)
class Cued:
    """The answer is long in coming, and a cue tells the user that it comes."""

    name: ClassVar[str] = "thinking"
    t: float
    turn: int
    count: int
    """Cues in this turn, this one included."""
    text: str | None = None
    """What is said; None: a tone."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The user spoke over the agent; `heard`: the words of the agent that had sounded by then."""

    name: ClassVar[str] = "interrupted"
    t: float
    turn: int
    heard: str


@dataclass(frozen=True, slots=True)
class Overheard:
    """While the agent spoke, the user made a sound that begins no turn."""

    name: ClassVar[str] = "overheard"
    t: float
    turn: int
    """The turn that the agent was answering."""
    text: str | None = None
    """The user's words: they only agree with the agent, or only ask it to stop. None if there were none."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """Something that the user said, or a key, had no effect."""

    name: ClassVar[str] = "dropped"
    t: float
    reason: str
    """A key of `DROPPED`."""
    count: int
    """How often that happened in this talk, this time included."""
    turn: int | None = None


DROPPED = {
    "too_short": "a sound too short to be speech",
    "no_words": "a sound without words",
    "guess": "words that were a guess",
    "held_off": "a sound over the agent that was too little to stop it",
    "endless": "what a voice said that did not pause",
    "unanswered": "the oldest of too many words that waited for an answer",
    "key": "a key that had nothing to do",
    "key_queue": "a key or a typed line, because too many waited",
}
"""Reason for which something is dropped -> what was dropped, for people."""


@dataclass(frozen=True, slots=True)
class MicrophoneLevel:
    """How loud the microphone was since the last such event; about every 10 s of listening."""

    name: ClassVar[str] = "level"
    t: float
    median_dbfs: float
    loudest_dbfs: float
    """Of the loudest 32 ms."""


@dataclass(frozen=True, slots=True)
class TurnDone:
    """The turn is over; with the times of its stages."""

    name: ClassVar[str] = "turn_done"
    t: float
    turn: int
    heard: str
    """The part of the reply that sounded."""
    latency_ms: dict[str, float] = field(default_factory=dict)
    """Milliseconds by stage, in order, and `total`, their sum: last speech sample to first audible one.

    Empty where nothing sounded."""
    decided_ms: float | None = None
    """ms from the last speech sample to the decision that the turn was over; drafts are made meanwhile."""
    drafts_dropped: int = 0
    """Drafts of the reply that were begun in this turn and thrown away."""
    drafts_dropped_ms: float = 0.0
    """ms that engines worked on these drafts."""
    prompt_tokens: int | None = None
    """Tokens of the prompt that was answered; None where the language model does not say."""
    prompt_tokens_evaluated: int | None = None
    """How many of these the model had to evaluate: the others were in its prefix cache. None if it does not
    say."""


@dataclass(frozen=True, slots=True)
class Warned:
    """Something is not as it should be; talk goes on."""

    name: ClassVar[str] = "warning"
    t: float
    message: str
    remedy: str
    turn: int | None = None


@dataclass(frozen=True, slots=True)
class QualityStepped:
    """The talk gave something up because it does not keep up, or took it back; or only the level changed."""

    name: ClassVar[str] = "quality"
    t: float
    level: str
    """How well the talk keeps up: calm, warning or critical."""
    steps: int
    """How many things it does without now."""
    step: str | None = None
    """What changed: a field of `waiting.quality.Quality`. None: only the level."""
    change: str | None = None
    """`taken` or `taken back`."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A turn, or talk itself, failed."""

    name: ClassVar[str] = "error"
    t: float
    message: str
    remedy: str
    turn: int | None = None


Event: TypeAlias = (
    Listening
    | SpeechBegan
    | Partial
    | Heard
    | ReplyClause
    | Speaking
    | Cued
    | Interrupted
    | Overheard
    | Dropped
    | MicrophoneLevel
    | TurnDone
    | Warned
    | QualityStepped
    | Failed
)


WEIGHTS = 3


def weight(event: Event) -> int:
    """Which events a late reader loses first: the lightest.

    0: what a later event replaces. 1: the course of a turn. 2: its outcome, and what went wrong.
    """
    match event:
        case Partial() | MicrophoneLevel():
            return 0
        case Heard() | Interrupted() | TurnDone() | Warned() | Failed():
            return 2
        case _:
            return 1


def as_json(event: Event) -> str:
    """One line of JSON: `event` first, then the fields; None is left out, numbers have three decimals.

    It is ASCII, so it survives any encoding, and no text in it can break a line or control a terminal.
    Raises ValueError for a number JSON cannot hold.
    """
    return json.dumps(as_object(event), allow_nan=False)


def as_object(event: Event) -> dict[str, object]:
    """What `as_json` writes, as JSON values."""
    fields = {key: _rounded(value) for key, value in dataclasses.asdict(event).items() if value is not None}
    return {"event": event.name, **fields}


def _rounded(value: object) -> object:
    match value:
        case float():
            return round(value, 3)
        case dict():
            return {key: _rounded(part) for key, part in value.items()}
        case _:
            return value
