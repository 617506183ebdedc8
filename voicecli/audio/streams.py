"""What a pair of audio devices is to the rest: two callbacks on a hardware clock.

Real devices (`devices`) and simulated ones (`simulated`) both fit; nothing else knows the difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.messages import Int16

    OnInput: TypeAlias = Callable[[Int16, float, bool], None]
    """(samples (n, channels), time the first one met the air in s, whether the device lost some before)."""

    OnOutput: TypeAlias = Callable[[Int16, float, bool], None]
    """(block (n,) to fill, time its first sample will sound in s, whether the device ran dry before)."""


@dataclass(frozen=True, slots=True)
class StreamFormat:
    """What a device agreed to."""

    name: str
    rate_hz: int
    channels: int
    latency_s: float


DEAD_DEVICE_S = 2.0
"""A running device that has not called for so long is gone, whatever its driver says."""


class Pulse:
    """Whether a device still calls: fed with a count that each of its calls raises."""

    def __init__(self, now: float) -> None:
        self._count = -1
        self._changed_at = now

    def stopped(self, count: int, now: float) -> bool:
        """Whether the count has stood still for `DEAD_DEVICE_S`."""
        if count != self._count:
            self._count, self._changed_at = count, now
        return now - self._changed_at > DEAD_DEVICE_S


class AudioStreams(Protocol):
    """A microphone and a loudspeaker, opened."""

    microphone: StreamFormat
    loudspeaker: StreamFormat

    def start(self, on_input: OnInput, on_output: OnOutput) -> None:
        """Begin to call both, from threads that must not be kept waiting. Raises DeviceError."""
        ...

    def stopped(self) -> str | None:
        """The name of a device that ended by itself, if any."""
        ...

    def close(self) -> None:
        """Stop calling and give the devices back. Idempotent."""
        ...
