"""Adapts a device that refuses the first device's rate or channels, off the audio thread.

    microphone   callback: copies -> ring -> move: mixes, resamples -> on_input
    loudspeaker  callback: copies <- ring <- move: resamples        <- on_output

The rest of the program keeps one rate and one number of channels for the whole talk, whichever devices come
and go. On the audio thread blocks are copied and counted; a thread of its own (`Mover`) calls `move` every
few ms. A microphone's ring loses the oldest when that thread is late, a loudspeaker's runs out; both are told
as losses of the device. Where the device agrees to the first one's form, there is no ring and no thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.channels import ChannelMixer
from voicecli.audio.convert import Resampler
from voicecli.audio.level import to_float, to_int16
from voicecli.audio.ring import Ring
from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.audio.streams import OnInput, OnOutput, StreamFormat
    from voicecli.messages import Int16

_RING_S = 1.0
"""Seconds of a microphone's sound that may wait to be converted."""

_PULLED_S = 0.02
"""Seconds of sound asked of `on_output` in one call: the length of a usual block."""

_LEAST_AHEAD_S = 0.04
"""Seconds of converted sound that wait for the loudspeaker: this, or the device's latency where that is more,
because a device that was late takes so much at once. The agent is heard for so long after it was stopped."""

STAND_IN = Buffer(
    "stand-in device",
    "ms",
    _RING_S * 1000,
    "drop_oldest",
    "sound of a microphone of another rate waits here for the thread that converts it every few ms, because "
    "the audio thread may not wait; for a loudspeaker the sound is converted ahead, and the converter waits",
)


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a device is opened with."""

    callback: OnInput | OnOutput
    """For the audio thread."""
    move: Callable[[], None] | None
    """To be called every few ms by one other thread; None where nothing is to be converted."""


def fit_input(on_input: OnInput, device: StreamFormat, wanted: StreamFormat) -> Fitted:
    """Let the device's blocks reach `on_input` in the form `wanted`."""
    if (device.rate_hz, device.channels) == (wanted.rate_hz, wanted.channels):
        return Fitted(on_input, None)
    adapted = _Microphone(on_input, device, wanted)
    return Fitted(adapted.on_block, adapted.move)


def fit_output(on_output: OnOutput, device: StreamFormat, wanted: StreamFormat) -> Fitted:
    """Let the device's blocks be filled with what `on_output` gives. Both are mono."""
    if device.rate_hz == wanted.rate_hz:
        return Fitted(on_output, None)
    adapted = _Loudspeaker(on_output, device, wanted)
    return Fitted(adapted.on_block, adapted.move)


class _Microphone:
    def __init__(self, on_input: OnInput, device: StreamFormat, wanted: StreamFormat) -> None:
        self._on_input, self._device, self._wanted = on_input, device, wanted
        self._ring = Ring(round(_RING_S * device.rate_hz), device.channels)
        self._mixer = ChannelMixer(device.rate_hz, device.channels)
        self._anchor = (0, 0.0)  # audio thread: position and time of the newest block
        self._losses = 0  # audio thread
        self._told = 0
        self._begin(0)

    def on_block(self, samples: Int16, at: float, lost: bool) -> None:  # noqa: FBT001  # as devices call it
        """Audio thread: keep (n, channels) samples."""
        self._anchor = (self._ring.written, at)
        self._losses += lost
        self._ring.write(samples)

    def _begin(self, position: int) -> None:
        self._resampler = Resampler(self._device.rate_hz, self._wanted.rate_hz)
        self._from = self._taken = position
        self._given = 0

    def move(self) -> None:
        position, samples = self._ring.read(self._ring.capacity)
        if not len(samples):
            return
        losses, gap = self._losses, position != self._taken
        lost, self._told = gap or losses != self._told, losses
        if gap:
            self._begin(position)
        anchor, at = self._anchor
        # The resampler holds samples back, so the first one out now is older than the first one in.
        first = self._from + self._given * self._device.rate_hz / self._wanted.rate_hz
        mono = to_int16(self._resampler.push(self._mixer.push(samples)))
        self._taken += len(samples)
        self._given += len(mono)
        if len(mono) or lost:
            every = np.repeat(mono[:, np.newaxis], self._wanted.channels, axis=1)
            self._on_input(every, at + (first - anchor) / self._device.rate_hz, lost)


class _Loudspeaker:
    def __init__(self, on_output: OnOutput, device: StreamFormat, wanted: StreamFormat) -> None:
        self._on_output, self._device, self._wanted = on_output, device, wanted
        self._ahead = round(max(_LEAST_AHEAD_S, device.latency_s) * device.rate_hz)
        self._pulled = round(_PULLED_S * wanted.rate_hz)
        # What a resampler gives for a piece varies by what it holds back, less than 0.1 s of sound.
        self._ring = Ring(self._ahead + device.rate_hz)
        self._resampler = Resampler(wanted.rate_hz, device.rate_hz)
        self._asked = 0  # samples asked of `on_output`
        self._taken = 0  # audio thread: samples the device has taken
        self._anchor: tuple[int, float] | None = None  # audio thread: when sample `_taken` sounds
        self._losses = 0  # audio thread
        self._told = 0

    def on_block(self, block: Int16, at: float, dry: bool) -> None:  # noqa: FBT001  # as devices call it
        """Audio thread: fill (n,) with what is there, and silence."""
        count = min(len(block), self._ring.written - self._taken)
        self._ring.copy(self._taken, block[:count])
        block[count:] = 0
        self._losses += dry or (self._taken > 0 and count < len(block))
        self._taken += count
        self._anchor = (self._taken, at + len(block) / self._device.rate_hz)

    def move(self) -> None:
        if self._anchor is None:  # the device has not begun: nobody knows when the sound would sound
            return
        while self._ring.written - self._taken < self._ahead:
            anchor, at = self._anchor
            losses = self._losses
            dry, self._told = losses != self._told, losses
            piece = np.zeros(self._pulled, np.int16)
            position = self._asked * self._device.rate_hz / self._wanted.rate_hz
            self._on_output(piece, at + (position - anchor) / self._device.rate_hz, dry)
            self._asked += len(piece)
            self._ring.write(to_int16(self._resampler.push(to_float(piece))))
