"""The moments of a turn -> how many milliseconds each stage of a talk added to the wait for the answer."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, fields


@dataclass(slots=True)
class TurnTimes:
    """Moments of one turn, seconds on the monotonic clock, in the order in which one follows from the other.

    Each is written once and read when the turn is over. `decided_at` may come at any time between `heard_at`
    and `playback_at`.
    """

    speech_ended_at: float | None = None
    """The last speech sample met the microphone."""
    heard_at: float | None = None
    """That sample had come through the device and the detector."""
    draft_at: float | None = None
    """The draft that was spoken began: at a pause, or earlier, on provisional words that proved final."""
    transcribed_at: float | None = None
    """The transcript was there."""
    first_token_at: float | None = None
    """The language model gave its first text."""
    first_clause_at: float | None = None
    """The first clause was complete."""
    first_audio_at: float | None = None
    """The first part of the first clause was synthesised."""
    decided_at: float | None = None
    """The turn was committed."""
    playback_at: float | None = None
    """The first audible sample left the loudspeaker, the device's latency included."""

    def latency_ms(self) -> dict[str, float]:
        """Milliseconds each stage added, by `STAGES`, and their `total`; empty unless the turn came to sound.

        Work done before the user fell silent added nothing.
        """
        moments = [getattr(self, moment.name) for moment in fields(self)]
        if any(at is None for at in moments):
            return {}
        # A moment may come before those above it in the list. Then its stage adds 0, not a negative time.
        reached = list(itertools.accumulate(moments[:-1], max)) + moments[-1:]
        spent = {
            stage: round((at - before) * 1000, 1)
            for stage, (before, at) in zip(STAGES, itertools.pairwise(reached), strict=True)
        }
        return {**spent, "total": round((moments[-1] - moments[0]) * 1000, 1)}

    @property
    def decided_ms(self) -> float | None:
        """Milliseconds from the last speech sample to the decision that the turn was over."""
        if self.decided_at is None or self.speech_ended_at is None:
            return None
        return round((self.decided_at - self.speech_ended_at) * 1000, 1)


STAGES = (
    "device_in",
    "pause",
    "transcribe",
    "first_token",
    "first_clause",
    "first_audio",
    "decision",
    "playback",
)
"""Names of the stages: each lies between one moment of `TurnTimes` and the next."""
