"""A device that does not take what the first one took: its blocks, with another rate or other channels.

Everything behind the callbacks is made for one rate and one number of channels, and holds sound at them
while devices change. On the audio thread, where it allocates: only for a device that leaves no choice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.channels import ChannelMixer
from voicecli.audio.convert import Resampler
from voicecli.audio.frames import Reframer
from voicecli.audio.level import to_float, to_int16

if TYPE_CHECKING:
    from voicecli.audio.streams import OnInput, OnOutput, StreamFormat
    from voicecli.messages import Int16

_PULLED_S = 0.02
"""Asked of the loudspeaker's callback at a time: the usual block."""


def adapt_input(on_input: OnInput, device: StreamFormat, wanted: StreamFormat) -> OnInput:
    """What to call with the device's blocks, so that `on_input` gets them as wanted."""
    if (device.rate_hz, device.channels) == (wanted.rate_hz, wanted.channels):
        return on_input
    resampler, taken, given = Resampler(device.rate_hz, wanted.rate_hz), 0, 0
    mixer = ChannelMixer(device.rate_hz, device.channels)

    def adapted(samples: Int16, at: float, lost: bool) -> None:  # noqa: FBT001  # as devices call it
        nonlocal taken, given
        mono = to_int16(resampler.push(mixer.push(samples)))
        # The resampler holds some back: what comes out now was heard a little before this block.
        first_at = at + given / wanted.rate_hz - taken / device.rate_hz
        taken, given = taken + len(samples), given + len(mono)
        if len(mono) or lost:
            on_input(np.repeat(mono[:, np.newaxis], wanted.channels, axis=1), first_at, lost)

    return adapted


def adapt_output(on_output: OnOutput, device: StreamFormat, wanted: StreamFormat) -> OnOutput:
    """What the device may call for blocks at its rate, which are made of `on_output`'s. Both are mono."""
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
