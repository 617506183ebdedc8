"""Device samples -> 16 kHz mono float32 frames. Pcm16Chunk -> Float32Frame.

The only file that imports soxr.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from voicecli.audio.channels import AUTO, ChannelMixer
from voicecli.audio.frames import Reframer
from voicecli.messages import FRAME_S, FRAME_SAMPLES, RATE_HZ, Float32Frame
from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.messages import Float32, Pcm16Chunk
    from voicecli.waiting.buffers import BufferFill

RESAMPLER = Buffer(
    "resampler",
    "ms",
    125,
    "block",
    "the filter needs the samples that come next: 37 ms of them at 48 kHz, 115 at 8 kHz (measured); one call "
    "takes samples in and gives out all that are certain",
)
"""What soxr holds back inside, where a device's rate is not the wanted one."""

DETECTOR_FRAME = Buffer(
    "detector frame",
    "ms",
    FRAME_S * 1000,
    "block",
    "the detector takes 512 samples at a time; a frame that is whole is handed on by the call that filled it",
)


class Resampler:
    """A stream of mono float32 from one rate to another, without a seam at block edges.

    Output is aligned with input: sample n of the output lies at time n / to_hz of the input (soxr gives
    a sample late, because its filter needs the samples after it, but shifts no sample). Where the rates are
    equal it copies.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self.from_hz = from_hz
        self.to_hz = to_hz
        self._stream = None
        self._taken = self._given = 0
        self._peak_ms = 0.0
        if from_hz != to_hz:
            import soxr

            self._stream = soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32", quality="HQ")

    @property
    def held_ms(self) -> float:
        """Sound that went in and has not come out, ms."""
        return max(0.0, (self._taken / self.from_hz - self._given / self.to_hz) * 1000)

    def stats(self, of: str, *, adds: bool) -> BufferFill:
        """What the filter holds; `adds`: somebody waits for it."""
        held_ms = self.held_ms
        return RESAMPLER.filled(held_ms, self._peak_ms, adds_ms=held_ms if adds else 0.0, of=of)

    def push(self, samples: Float32, *, last: bool = False) -> Float32:
        """(n,) at `from_hz` -> (m,) at `to_hz`; `last` lets out what the filter still holds."""
        if self._stream is None:
            return samples
        out = np.asarray(self._stream.resample_chunk(samples, last=last), np.float32)
        self._taken, self._given = self._taken + samples.size, self._given + out.size
        self._peak_ms = max(self._peak_ms, self.held_ms)
        return out


class Cleaner(Protocol):
    """Takes out of 16 kHz samples what is not the user: the agent's echo, noise."""

    def restart(self) -> None:
        """Forget the past: the next samples do not follow the last ones."""
        ...

    def push(self, samples: Float32, captured_at: float) -> Float32:
        """Take (n,) samples and give (m,) clean ones; the newest may come out only in a later call.

        Counted from `restart`, sample k of the output is sample k of the input, cleaned.

        `captured_at`: the time at which the first of the n samples reached the microphone, s.
        """
        ...


class Converter:
    """Chooses among channels, resamples, cleans if there is a `cleaner`, and cuts into frames of 512 samples.

    Where a chunk does not follow the one before (samples were lost), the converter begins anew at the chunk's
    own position, so that each position still belongs to its time. It drops the unfinished frame before the
    gap.
    """

    def __init__(self, rate_hz: int, cleaner: Cleaner | None = None, channel: int = AUTO) -> None:
        self._rate_hz = rate_hz
        self._channel = channel
        self._mixer: ChannelMixer | None = None  # the first chunk tells how many channels there are
        self._cleaner = cleaner
        self._expected = -1
        self._resampler = Resampler(rate_hz, RATE_HZ)
        self._reframer = Reframer(np.float32)
        self._resampled = 0  # position of the next sample out of the resampler, at 16 kHz

    def stats(self) -> list[BufferFill]:
        """What the filter and the unfinished frame hold."""
        frame_ms, held_ms = FRAME_S * 1000, len(self._reframer) / RATE_HZ * 1000
        frame = DETECTOR_FRAME.filled(held_ms, frame_ms, adds_ms=frame_ms / 2)
        return [self._resampler.stats("microphone", adds=True), frame]

    def forget(self) -> None:
        """Begin anew with the next chunk, as after a gap."""
        self._expected = -1

    def push(self, chunk: Pcm16Chunk, *, hold: bool = False) -> Iterator[Float32Frame]:
        """Give the frames that became whole with this chunk. Raises ValueError for another rate.

        With `hold` no channel opens or closes: the agent may be sounding, and a channel may carry its voice.
        """
        if chunk.rate_hz != self._rate_hz:
            raise ValueError(f"converter made for {self._rate_hz} Hz got {chunk.rate_hz} Hz")
        if chunk.position != self._expected:
            self._resampler = Resampler(self._rate_hz, RATE_HZ)
            self._resampled = round(chunk.position * RATE_HZ / self._rate_hz)
            self._reframer.restart(self._resampled)
            if self._cleaner is not None:
                self._cleaner.restart()
        self._expected = chunk.position + len(chunk.samples)
        if self._mixer is None:
            channels = chunk.samples.shape[1]
            self._mixer = ChannelMixer(self._rate_hz, channels, min(self._channel, channels))
        heard = self._mixer.push(chunk.samples, hold=hold)
        # Filters overshoot: a full-scale square wave leaves a resampler above 1. So may two voices, added.
        fresh = np.clip(self._resampler.push(heard), -1.0, 1.0)
        chunk_at = chunk.position * RATE_HZ / self._rate_hz
        if self._cleaner is not None:
            fresh_at = chunk.captured_at + (self._resampled - chunk_at) / RATE_HZ
            self._resampled += fresh.size
            fresh = self._cleaner.push(fresh, fresh_at)
        self._reframer.push(fresh)
        for position, frame in self._reframer.frames(FRAME_SAMPLES):
            yield Float32Frame(frame, position, chunk.captured_at + (position - chunk_at) / RATE_HZ)
