"""Adapts a device that refuses the first device's rate or channels: converts its blocks at the callbacks.

The rest of the program keeps one rate and one number of channels for the whole talk, whichever devices come
and go. The conversion runs on the audio thread and allocates memory there, which the audio path avoids
elsewhere. So only a device that refuses this rate or number of channels is adapted. The conversion takes 0.05
ms a block (docs/decisions/0009).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.channels import ChannelMixer
from voicecli.audio.convert import RESAMPLER, Resampler
from voicecli.audio.frames import Reframer
from voicecli.audio.level import to_float, to_int16
from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from voicecli.audio.streams import OnInput, OnOutput, StreamFormat
    from voicecli.messages import Int16

_PULLED_S = 0.02
"""Seconds of sound that the adapter asks of `on_output` in one call: the length of a usual block."""

STAND_IN = Buffer(
    "stand-in device",
    "ms",
    RESAMPLER.capacity + 2 * _PULLED_S * 1000,
    "block",
    "what a device of another rate has in its filter, and what is left for a loudspeaker's next block; the "
    "call that takes sound in gives out all that is certain",
)


def adapt_input(on_input: OnInput, device: StreamFormat, wanted: StreamFormat) -> OnInput:
    """Make a callback for the device, which passes its blocks to `on_input` in the form `wanted`."""
    if (device.rate_hz, device.channels) == (wanted.rate_hz, wanted.channels):
        return on_input
    resampler, taken, given = Resampler(device.rate_hz, wanted.rate_hz), 0, 0
    mixer = ChannelMixer(device.rate_hz, device.channels)

    def adapted(samples: Int16, at: float, lost: bool) -> None:  # noqa: FBT001  # as devices call it
        nonlocal taken, given
        mono = to_int16(resampler.push(mixer.push(samples)))
        # The resampler holds samples back, so the first one out now was heard a little before this block.
        first_at = at + given / wanted.rate_hz - taken / device.rate_hz
        taken, given = taken + len(samples), given + len(mono)
        if len(mono) or lost:
            on_input(np.repeat(mono[:, np.newaxis], wanted.channels, axis=1), first_at, lost)

    return adapted


def adapt_output(on_output: OnOutput, device: StreamFormat, wanted: StreamFormat) -> OnOutput:
    """Make a callback for the device, which fills its blocks with what `on_output` gives. Both are mono."""
    if device.rate_hz == wanted.rate_hz:
        return on_output
    resampler, taken, given = Resampler(wanted.rate_hz, device.rate_hz), 0, 0
    resampled = Reframer(np.int16)

    def adapted(block: Int16, at: float, dry: bool) -> None:  # noqa: FBT001  # as devices call it
        nonlocal taken, given
        while len(resampled) < len(block):
            piece = np.zeros(round(_PULLED_S * wanted.rate_hz), np.int16)
            on_output(piece, at + taken / wanted.rate_hz - given / device.rate_hz, dry)
            dry = False
            taken += len(piece)
            resampled.push(to_int16(resampler.push(to_float(piece))))
        block[:] = resampled.take(len(block))
        given += len(block)

    return adapted
