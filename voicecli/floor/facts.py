"""What may be reported to the floor. Each fact has one owner, which reports it; its time comes beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from voicecli.floor.load_facts import LoadFact
from voicecli.waiting.urgency import Work

if TYPE_CHECKING:
    from datetime import datetime

    from voicecli.floor.orders import Transcribe
    from voicecli.floor.stages import Fault, Stage
    from voicecli.listen.bargein.bargein import BargeIn
    from voicecli.listen.gate.segment import State
    from voicecli.messages import GenerationStats, SegmentEvent, Transcript, Utterance
    from voicecli.turn.witness import Ending

# ---- the ear


@dataclass(frozen=True, slots=True)
class Frame:
    """32 ms of sound, after what the gate found in it."""

    at: float
    """When its first sample met the air."""
    level_dbfs: float
    probability: float
    """That somebody speaks in it."""
    gate: State
    pause_s: float
    """Since its last speech, s."""
    spoken_s: float
    """Speech in the segment, or the overlap, that is going on, s."""
    over_echo_db: float = math.inf
    """How much louder it is than the agent's echo can be, dB."""
    audible: bool = False
    """The loudspeaker sounded then, or so shortly before that the microphone may still pick it up."""
    barge_in: BargeIn = "on"
    room_for: Work = Work.PARTIAL
    """The least urgent kind of pass for which the scribe would get a core at once."""


@dataclass(frozen=True, slots=True)
class Hiss:
    """A sound that may begin a word and that no echo explains: reported before the frame that contains it."""

    at: float  # when it met the air
    steps: int  # of 10 ms, for which it has lasted
    audible: bool = False
    barge_in: BargeIn = "on"  # both as in a frame


@dataclass(frozen=True, slots=True)
class Gate:
    """The gate found that speech began, paused, went on, was split, was too short, or is over."""

    event: SegmentEvent
    spoken_s: float = 0.0
    over_agent: bool = False
    """For speech that begins: whether the agent's voice may be in it."""


@dataclass(frozen=True, slots=True)
class SoFar:
    """What the user is saying, up to now. Answers `Snapshot`."""

    utterance: Utterance | None
    """None: the speech has just ended."""


@dataclass(frozen=True, slots=True)
class Flushed:
    """The gate has ended what was being said, if anything. Answers `Flush`."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The microphone is not listened to from here on: muted, push to talk, or half duplex."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passes, though no sound is listened to."""


@dataclass(frozen=True, slots=True)
class DayTime:
    """What the clock on the wall shows."""

    local: datetime


# ---- all workers


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something the user should know; with a draft number, only if that draft becomes the answer."""

    found: str
    remedy: str
    draft: int = 0


@dataclass(frozen=True, slots=True)
class EngineFailed:
    """An engine raised an exception of which no other fact tells."""

    stage: Stage
    unit: int
    """Position of the frame or block that failed; one unit counts as one failure."""
    fault: Fault
    counts: bool = True
    """False: the call only saves time, and nothing is missing without it."""


@dataclass(frozen=True, slots=True)
class EngineWorked:
    """An engine that had failed works again."""

    stage: Stage


@dataclass(frozen=True, slots=True)
class EngineLate:
    """An engine has been at work for long and gives nothing."""

    stage: Stage


# ---- scribe and judge


@dataclass(frozen=True, slots=True)
class Transcribed:
    """Words of one utterance, or none. Answers `Transcribe`."""

    order: Transcribe
    words: Transcript
    missed: bool = False
    """A part of it is speech without words."""
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """How likely a turn is over, by its sound. Answers `Judge`."""

    turn: int
    segment: int
    probability: float | None
    fault: Fault | None = None


# ---- author


@dataclass(frozen=True, slots=True)
class HasRead:
    """The language model has read ahead, as far as there was time. Answers `ReadAhead`."""


@dataclass(frozen=True, slots=True)
class EndingJudged:
    """Whether anything follows the user's words, by the language model."""

    draft: int
    ending: Ending | None


@dataclass(frozen=True, slots=True)
class ClauseWritten:
    """One more clause of a reply."""

    draft: int
    index: int
    text: str
    token_at: float
    """When the reply's first text came."""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """The first `clauses` clauses of a reply were thinking: they are no part of it."""

    draft: int
    clauses: int


@dataclass(frozen=True, slots=True)
class ReplyWritten:
    """A reply is complete, was cancelled or failed. Answers `Write`."""

    draft: int
    stats: GenerationStats | None
    """None: it failed."""
    seconds: float = 0.0
    beginning: str = ""
    """The beginning of what the model wrote."""
    token_at: float | None = None
    cancelled: bool = False
    fault: Fault | None = None


# ---- voice


@dataclass(frozen=True, slots=True)
class ClauseVoiced:
    """A clause is in the jitter buffer, failed, or is not wanted any more. Answers `Say`."""

    draft: int
    index: int
    seconds: float = 0.0
    """Time the voice worked on it."""
    made_at: float | None = None
    """When its first sound was ready."""
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class ClauseSounds:
    """A clause has begun to sound."""

    draft: int
    index: int
    text: str
    first_at: float | None  # when the reply's first audible sample met the air
    word_ends_at: tuple[float, ...] = ()
    """When each spoken word, or at least the last, will have sounded if nothing holds it."""


@dataclass(frozen=True, slots=True)
class ReplyEnded:
    """A reply has sounded to its end, or was broken off. Answers `End`."""

    draft: int
    heard: str
    """The words that sounded."""
    whole: bool
    first_at: float | None = None


@dataclass(frozen=True, slots=True)
class CueMade:
    """A phrase can be heard from now on, or it could not be made. Answers `MakeCue`."""

    language: str
    text: str
    made: bool


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key was pressed; `action` is what the settings call it."""

    key: str


@dataclass(frozen=True, slots=True)
class Typed:
    """The user has typed a line."""

    text: str


Fact: TypeAlias = (
    Frame
    | Hiss
    | Gate
    | SoFar
    | Flushed
    | Closed
    | Tick
    | DayTime
    | Noticed
    | EngineFailed
    | EngineWorked
    | EngineLate
    | Transcribed
    | Judged
    | HasRead
    | EndingJudged
    | ClauseWritten
    | TakenBack
    | ReplyWritten
    | ClauseVoiced
    | ClauseSounds
    | ReplyEnded
    | CueMade
    | Pressed
    | Typed
    | LoadFact
)
