"""What the microphone gave and the loudspeaker got, with the times, for readers that may lag.

    audio thread     write: copies samples and the time of the first .....|
    reader's thread                                  read: block after block, each with its time and position

Promises: `write` never waits, never fails and never grows: when a reader is late, the oldest sound is lost
for it, and the jump of the position shows how much. One reader changes nothing for another.
Relies on: one writer thread, counters with one writer each that become visible in program order, as in
`ring`. The ring holds the samples, this file their times.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.ring import Ring

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from voicecli.audio.streams import AudioStreams, Notice, OnInput, OnOutput
    from voicecli.messages import Int16

SHORTEST_BLOCK_S = 0.005
"""s. Devices that hand over shorter blocks than this keep less sound in a tap than it was made for."""


@dataclass(frozen=True, slots=True)
class TappedBlock:
    """Samples as one call of a device carried them."""

    samples: Int16
    """(n, channels) int16."""
    position: int
    """Frames before this one since the beginning; those that a reader missed are counted."""
    at: float
    """When the first sample met the air, s."""
    after_loss: bool
    """The device said that it lost sound before this block."""


class Tap:
    """The newest `seconds` of one device, (n, channels) int16 at `rate_hz`."""

    def __init__(self, rate_hz: int, channels: int, seconds: float) -> None:
        self.rate_hz = rate_hz
        self.channels = channels
        self._ring = Ring(round(rate_hz * seconds), channels)
        # Begin, length, time, and whether sound was lost before it: replaced as a whole, so that a reader
        # never sees half of an entry.
        self._blocks = [(0, 0, 0.0, False)] * round(seconds / SHORTEST_BLOCK_S)
        self._count = 0  # writer: blocks that can be read
        self.first_at: float | None = None
        """When the very first sample met the air, s; None before it came."""

    def write(self, block: Int16, at: float, lost: bool) -> None:  # noqa: FBT001  # as devices call it
        """Audio thread: keep (n, channels) samples, the first of which meets the air at time `at`."""
        begin = self._ring.written
        self._ring.write(block)
        self._blocks[self._count % len(self._blocks)] = (begin, len(block), at, lost)
        self._count += 1
        if self.first_at is None:
            self.first_at = at

    def reader(self) -> TapReader:
        """Make a reader of what is written from now on."""
        return TapReader(self, self._count)

    def newest(self) -> int:
        """Blocks written so far."""
        return self._count

    def block(self, number: int) -> TappedBlock | None:
        """Copy a block, counted from 0; None where it has been overwritten. It must have been written."""
        if number < self._count - len(self._blocks):
            return None
        begin, length, at, lost = self._blocks[number % len(self._blocks)]
        samples = np.empty((min(length, self._ring.capacity), self.channels), np.int16)
        torn = self._ring.copy(begin, samples)
        if torn or len(samples) < length or number < self._count - len(self._blocks):
            return None
        return TappedBlock(samples, begin, at, lost)


class TapReader:
    """One reader of a tap. For one thread."""

    def __init__(self, tap: Tap, number: int) -> None:
        self._tap = tap
        self._next = number

    def read(self) -> Iterator[TappedBlock]:
        """What has come since the last call, in order. What was overwritten is left out."""
        newest = self._tap.newest()
        while self._next < newest:
            block = self._tap.block(self._next)
            self._next += 1
            if block is not None:
                yield block


def never(_: float) -> bool:
    """Stand in for `Tapped.deaf` where no key can close the microphone."""
    return False


class Tapped:
    """`AudioStreams` around other streams, with a tap at either device."""

    def __init__(self, streams: AudioStreams, seconds: float) -> None:
        """`seconds`: how far a reader may lag."""
        self.microphone = streams.microphone
        self.loudspeaker = streams.loudspeaker
        form = streams.microphone
        self.heard = Tap(form.rate_hz, form.channels, seconds)
        self.played = Tap(streams.loudspeaker.rate_hz, 1, seconds)
        self.deaf: Callable[[float], bool] = never
        """Whether sound that met the microphone at a time is to be thrown away: the tap gets silence."""
        self._streams = streams
        self._nothing = np.zeros((form.rate_hz, form.channels), np.int16)  # longer than any block

    def start(self, on_input: OnInput, on_output: OnOutput) -> None:
        """Begin to call both, as `AudioStreams` does. Raises DeviceError."""

        def hear(samples: Int16, at: float, lost: bool) -> None:  # noqa: FBT001  # as devices call it
            self.heard.write(self._nothing[: len(samples)] if self.deaf(at) else samples, at, lost)
            on_input(samples, at, lost)

        def play(block: Int16, at: float, dry: bool) -> None:  # noqa: FBT001
            on_output(block, at, dry)
            self.played.write(block[:, np.newaxis], at, dry)

        self._streams.start(hear, play)

    def poll(self, *, idle: bool = False) -> list[Notice]:
        """Look after the devices. Raises DeviceError when one has ended."""
        notices = self._streams.poll(idle=idle)
        self.microphone, self.loudspeaker = self._streams.microphone, self._streams.loudspeaker
        return notices

    def close(self) -> bool:
        """Close the devices; whether that was done in time. Idempotent."""
        return self._streams.close()
