"""Where the time of a turn went."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(slots=True)
class TurnTimes:
    """Moments of one turn, seconds on the monotonic clock, in the order they are reached.

    Each is written once, by the stage that reaches it, and read when the turn is over.
    """

    speech_ended_at: float | None = None
    """The last speech sample met the microphone."""
    endpoint_at: float | None = None
    """The silence after it had lasted long enough."""
    transcribe_at: float | None = None
    """The transcript was there."""
    first_token_at: float | None = None
    """The language model gave its first text."""
    first_clause_at: float | None = None
    """The first clause was complete."""
    first_audio_at: float | None = None
    """The first clause was synthesised."""
    playback_at: float | None = None
    """The first audible sample left the loudspeaker, the device's latency included."""

    def latency_ms(self) -> dict[str, float]:
        """Milliseconds each stage took, and their `total`; empty unless the turn came to sound."""
        moments = {field.name.removesuffix("_at"): getattr(self, field.name) for field in fields(self)}
        if None in moments.values():
            return {}
        names, times = list(moments), list(moments.values())
        spent = {
            name: round((end - begin) * 1000, 1)
            for name, begin, end in zip(names[1:], times, times[1:], strict=False)
        }
        return {**spent, "total": round((times[-1] - times[0]) * 1000, 1)}
