"""Two audio devices as the rest of the program sees them: callbacks, called at the pace of the hardware.

Real devices (`devices.portaudio`) and simulated ones (`devices.simulated`) both fit; nothing else knows
the difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.config import AudioConfig
    from voicecli.messages import Int16

    OnInput: TypeAlias = Callable[[Int16, float, bool], None]
    """(samples (n, channels), time in s when the microphone heard the first, whether samples before it were
    lost)."""

    OnOutput: TypeAlias = Callable[[Int16, float, bool], None]
    """(block (n,) to fill, time in s when its first sample will sound, whether the device had no samples
    before)."""


def devices_own(audio: AudioConfig) -> tuple[Buffer, Buffer]:
    """The buffers inside a microphone and a loudspeaker, as this program asks for them."""
    asked_ms, settings = audio.latency_ms + audio.block_ms, "audio.latency_ms + audio.block_ms"
    return (
        Buffer(
            "microphone",
            "ms",
            asked_ms,
            "drop_oldest",
            "hardware waits for nobody: its driver overwrites sound that is not taken in time, and reports "
            "it; each report is counted; a larger buffer would add latency to every turn",
            settings,
        ),
        Buffer(
            "loudspeaker",
            "ms",
            asked_ms,
            "block",
            "the device takes a block when it has room for it; a larger buffer would add latency to a turn",
            settings,
        ),
    )


@dataclass(frozen=True, slots=True)
class StreamFormat:
    """What a device agreed to."""

    name: str
    rate_hz: int
    channels: int
    latency_s: float
    """The latency, s, that this program asked the device for."""
    stands_in: bool = False
    """Whether another device takes the place of the one that the user named."""
    reported_s: float | None = None
    """The latency, s, that PortAudio says the open device has; None where nobody tells."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What the user should know about the devices; the talk goes on."""

    message: str
    remedy: str


DEAD_DEVICE_S = 2.0
"""A running device that has not called for this long is gone, whatever its driver says (decisions/0009)."""

FIRST_CALL_S = 5.0
"""A device that has just been opened may take this long: a wireless headset changes its profile first."""


class Pulse:
    """Tells whether a device still calls back, from a count of its calls."""

    def __init__(self, now: float) -> None:
        self._count = -1
        self._changed_at = now

    def stopped(self, count: int, now: float) -> bool:
        """Whether the device has stopped; `count`: its calls so far.

        It has if `count` stood still for `DEAD_DEVICE_S`, or for `FIRST_CALL_S` before the first call.
        """
        if count != self._count:
            self._count, self._changed_at = count, now
        return now - self._changed_at > (DEAD_DEVICE_S if count else FIRST_CALL_S)


# Seconds. If a device reports a time that is further from now, the report is wrong: some drivers report 0.
_PLAUSIBLE_S = 5.0


def to_monotonic(device_time: float, device_now: float, now: float, fallback: float) -> float:
    """PortAudio's time of a block -> seconds on the monotonic clock.

    `device_time` is when the block's first sample is heard or sounds, `device_now` when PortAudio calls back,
    both on PortAudio's clock. `now` is the time of that call on the monotonic clock. PortAudio's clock has a
    zero of its own (on ALSA it is the wall clock), so only the difference of the first two times counts.
    `fallback` is this difference for drivers that report no times.
    """
    distance = device_time - device_now
    if device_time <= 0.0 or not abs(distance) <= _PLAUSIBLE_S:  # NaN fails the comparison, too
        distance = fallback
    return now + distance


class AudioStreams(Protocol):
    """A microphone and a loudspeaker, opened."""

    microphone: StreamFormat
    loudspeaker: StreamFormat

    def start(self, on_input: OnInput, on_output: OnOutput) -> None:
        """Begin to call both, from threads that must not be kept waiting. Raises DeviceError."""
        ...

    def poll(self, *, idle: bool = False) -> list[Notice]:
        """Check both devices; give the notices for the user. Never waits.

        While `idle` nobody speaks, so that a moment without sound harms nobody. One thread calls it a few
        times a second. Raises DeviceError when a device has ended for good.
        """
        ...

    def close(self) -> bool:
        """Stop calling and give the devices back; say whether the system took them in time. Idempotent."""
        ...
