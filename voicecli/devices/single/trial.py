"""Tries one device by itself: records or plays a few seconds, and notes the latency the device reports."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from voicecli.devices.single.settling import Settling
from voicecli.devices.single.single import run_until

if TYPE_CHECKING:
    from voicecli.devices.single.single import Stream
    from voicecli.messages import Int16
    from voicecli.system.clock import Clock

VOICE_HZ = 22_050
"""Sample rate that a loudspeaker should take: most voices have it, also the default one."""

LEAD_S = 1.0
"""Seconds of silence that a loudspeaker gets first, and more while it runs dry (`Settling`). PulseAudio,
through ALSA, may at first take sound faster than it plays: on a busy computer some was lost in 3 of 8 runs,
and in none of 6 with this silence before it."""

_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Take:
    """What a microphone heard."""

    samples: Int16
    """(n, channels)."""
    told_s: float
    """Latency that the device reported: the median over the second half of its blocks, as it is wrong at
    first."""


def record(stream: Stream, seconds: float, clock: Clock) -> Take:
    """Record for `seconds`, then close. Raises DeviceError where the device does not open, or stops."""
    tape = np.zeros((round(seconds * stream.form.rate_hz), stream.form.channels), np.int16)
    filled, told_s = 0, list[float]()

    def keep(samples: Int16, at: float, overflowed: bool) -> None:  # noqa: FBT001  # as devices call it
        nonlocal filled
        del overflowed
        part = tape[filled : filled + len(samples)]
        part[:] = samples[: len(part)]
        told_s.append(clock.now() - at)
        filled += len(part)

    run_until(lambda: filled == len(tape), stream, keep, clock, _POLL_S)
    return Take(tape, _settled(told_s))


def play(stream: Stream, samples: Int16, clock: Clock) -> float:
    """Play `LEAD_S` of silence, then (n,) samples, then close; give the latency that the device reports, s.

    Raises DeviceError where the device does not open, or stops.
    """
    handed, over_at, told_s = 0, 0.0, list[float]()
    from_s = clock.now() + LEAD_S

    def fill(block: Int16, at: float, ran_dry: bool) -> None:  # noqa: FBT001
        nonlocal handed, over_at
        del ran_dry
        if clock.now() < from_s:
            block[:] = 0
            return
        part = samples[handed : handed + block.size]
        block[: part.size] = part
        block[part.size :] = 0
        if part.size:
            told_s.append(at - clock.now())
            over_at = at + part.size / stream.form.rate_hz
        handed += block.size

    def over() -> bool:
        return handed >= samples.size and clock.now() >= over_at

    run_until(over, stream, Settling(fill, clock), clock, _POLL_S)
    return _settled(told_s)


def _settled(told_s: list[float]) -> float:
    return statistics.median(told_s[len(told_s) // 2 :])
