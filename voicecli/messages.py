"""All messages from stage to stage, in the order in which sound and words flow.

Each message is frozen, slotted and checked once, when it is made: a wrong shape, type, rate or range
cannot be built. Positions count 16 kHz samples since capture began; times are seconds on the monotonic
clock of `voicecli.system.clock`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float32: TypeAlias = NDArray[np.float32]
    Int16: TypeAlias = NDArray[np.int16]

RATE_HZ = 16_000
"""Sample rate of everything between the converter and the transcriber, Hz."""

FRAME_SAMPLES = 512
"""Samples of one detector frame: what Silero v6 was trained on (32 ms at 16 kHz)."""

FRAME_S = FRAME_SAMPLES / RATE_HZ


def _check(ok: bool, what: str) -> None:  # noqa: FBT001  # reads as an assertion
    if not ok:
        raise ValueError(what)


def _check_float(samples: Float32, what: str) -> None:
    _check(samples.ndim == 1 and samples.dtype == np.float32, f"{what}: wants (n,) float32")
    # One pass: NaN fails both comparisons, infinities fail one.
    _check(samples.size == 0 or bool(np.abs(samples).max() <= 1.0), f"{what}: outside [-1, 1] or not finite")


@dataclass(frozen=True, slots=True)
class Pcm16Chunk:
    """What the device delivered. device -> converter."""

    samples: Int16
    """(n, channels) int16."""
    rate_hz: int
    position: int
    """Index of the first sample since the stream began, at `rate_hz`, losses included."""
    captured_at: float
    """When the microphone heard the first sample, seconds."""

    def __post_init__(self) -> None:
        shaped = self.samples.ndim == 2 and self.samples.shape[1] > 0
        _check(shaped and self.samples.dtype == np.int16, "Pcm16Chunk: wants (n, channels) int16")
        _check(self.rate_hz > 0 and self.position >= 0, "Pcm16Chunk: rate or position out of range")


@dataclass(frozen=True, slots=True)
class Float32Frame:
    """One frame for the detector. converter -> detector."""

    samples: Float32
    """(512,) float32 in [-1, 1], 16 kHz mono."""
    position: int
    captured_at: float

    def __post_init__(self) -> None:
        _check(self.samples.shape == (FRAME_SAMPLES,), f"Float32Frame: wants {FRAME_SAMPLES} samples")
        _check_float(self.samples, "Float32Frame")
        _check(self.position >= 0, "Float32Frame: position out of range")


@dataclass(frozen=True, slots=True)
class ScoredFrame:
    """A frame and how much it sounds like speech. detector -> segmenter."""

    frame: Float32Frame
    probability: float
    """Probability that somebody speaks in it, 0..1."""
    level_dbfs: float

    def __post_init__(self) -> None:
        _check(0.0 <= self.probability <= 1.0, "ScoredFrame: probability outside 0..1")
        _check(self.level_dbfs <= 0.1, "ScoredFrame: level above full scale")


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Somebody began to speak. segmenter -> floor."""

    position: int
    """First sample, pre-roll not counted."""
    at: float


@dataclass(frozen=True, slots=True)
class SpeechDropped:
    """The sound that began was too short to be speech. segmenter -> floor."""

    position: int
    at: float


@dataclass(frozen=True, slots=True)
class Utterance:
    """One segment of speech with its pre-roll. segmenter -> transcriber."""

    samples: Float32
    """(n,) float32 in [-1, 1], 16 kHz mono."""
    start: int
    """Position of samples[0]."""
    speech_end: int
    """Position after the last speech frame; between `start` and `start + n`."""
    speech_ended_at: float
    """When the microphone heard the last audible sample, seconds."""
    words_ended_at: float
    """When the microphone heard the last sample that was loud enough to belong to a word, seconds."""
    decided_at: float
    """When the silence had lasted long enough, seconds."""
    complete: bool = True
    """False where speech was split because it grew too long: more of the same turn follows."""
    clear_s: float = 0.0
    """How many seconds of it are surely speech, for the detector."""
    spans: tuple[tuple[float, float], ...] = ()
    """Begin and end of each part between pauses, seconds from samples[0]."""
    lost_s: float = 0.0
    """How many seconds of it were lost on the way from the microphone; `samples` has silence for them."""

    def __post_init__(self) -> None:
        _check_float(self.samples, "Utterance")
        _check(
            self.start <= self.speech_end <= self.start + self.samples.size,
            "Utterance: end outside its samples",
        )

    @property
    def duration_s(self) -> float:
        """Seconds of audio, pre-roll and hangover included."""
        return self.samples.size / RATE_HZ


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """First sign of a pause: a few quiet frames. segmenter -> floor."""

    so_far: Utterance
    """The speech so far, with the first quiet frames."""


@dataclass(frozen=True, slots=True)
class SpeechResumed:
    """The speech that had paused goes on. segmenter -> floor."""

    position: int
    """First sample after the pause."""
    at: float


SegmentEvent: TypeAlias = SpeechStarted | SpeechPaused | SpeechResumed | SpeechDropped | Utterance


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words of some speech. transcriber -> floor. An empty text: there were no words."""

    text: str
    language: str
    """ISO 639-1 code."""
    confidence: float
    """exp of the mean token log-probability, 0..1; 0 where there are no words."""
    spoken: float = 0.0
    """Probability that somebody speaks, 0..1, words or not."""
    settled: bool = True
    """False: the words repeat themselves, and no second pass has checked whether the user really said
    that."""
    reason: str = ""
    """Why there are no words, where that is known: a key of `events.DROPPED`."""

    def __post_init__(self) -> None:
        _check(0.0 <= self.confidence <= 1.0, "Transcript: confidence outside 0..1")
        _check(0.0 <= self.spoken <= 1.0, "Transcript: spoken outside 0..1")


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One entry of the conversation. conversation -> language model."""

    role: str
    """`system`, `user` or `assistant`."""
    content: str

    def __post_init__(self) -> None:
        _check(self.role in ("system", "user", "assistant"), f"ChatMessage: no role {self.role!r}")


@dataclass(frozen=True, slots=True)
class GenerationStats:
    """What one reply cost. language model -> metrics. None where the engine does not say."""

    prompt_tokens: int | None = None
    """Tokens of the whole prompt."""
    prompt_tokens_evaluated: int | None = None
    """How many of these were not in the prefix cache, so that the model had to evaluate them."""
    reply_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Clause:
    """A piece of the reply that can be spoken by itself. clauses -> synthesiser."""

    turn: int
    draft: int
    index: int
    """0 for the first clause of a reply."""
    text: str
    """Words a voice can say: no Markdown, no emoji."""
    language: str = ""
    """ISO 639-1 code; empty: the main voice's. Says which voice speaks."""

    def __post_init__(self) -> None:
        _check(bool(self.text.strip()), "Clause: empty")


@dataclass(frozen=True, slots=True)
class SpokenChunk:
    """A clause as sound, or a part of one. synthesiser -> jitter buffer."""

    clause: Clause
    samples: Int16
    """(n,) int16 mono."""
    rate_hz: int
    word_ends: tuple[int, ...] = ()
    """Samples up to the end of each spoken word; empty where that is not known."""
    to_come: int = 0
    """Samples of the same clause that are to come in later parts, estimated."""

    def __post_init__(self) -> None:
        _check(self.samples.ndim == 1 and self.samples.dtype == np.int16, "SpokenChunk: wants (n,) int16")
        _check(self.rate_hz > 0, "SpokenChunk: rate out of range")
