"""Two devices -> the same, with a recorded user at the microphone, and a recording of both directions.

The user's samples are added to those of the microphone, so real devices keep their pace, their latency and
their noise. Promises: each callback adds one copy to the device's own work; none waits.
Relies on: `take` is called from one thread, which is not a device's.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.level import to_float
from voicecli.devices.simulated import RecordedUser
from voicecli.measure.wires import Wire

if TYPE_CHECKING:
    from voicecli.audio.streams import AudioStreams, Notice, OnInput, OnOutput
    from voicecli.messages import Int16
    from voicecli.system.clock import Clock


class Tape:
    """What one device carried. The thread of that device writes it, another thread takes it."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._blocks: deque[tuple[Int16, float]] = deque()

    def write(self, block: Int16, at: float) -> None:
        """Keep (n,) int16. `at`: the time, s, at which the first sample is spoken, or sounds."""
        self._blocks.append((block.copy(), at))

    def take(self) -> Wire:
        """What has been written since the last time."""
        blocks = [self._blocks.popleft() for _ in range(len(self._blocks))]
        samples = np.concatenate([block for block, _ in blocks]) if blocks else np.zeros(0, np.int16)
        starts = np.cumsum([0, *(len(block) for block, _ in blocks)])[:-1]
        return Wire(to_float(samples), self._rate_hz, starts, np.array([at for _, at in blocks]))


class TapedStreams:
    """`AudioStreams` around other streams."""

    def __init__(self, streams: AudioStreams, clock: Clock, patience_s: float) -> None:
        """`patience_s`: the loudspeaker's latency, s. A block that comes later than usual by more is late."""
        self.microphone = streams.microphone
        self.loudspeaker = streams.loudspeaker
        self.user = RecordedUser()
        """The recorded user, at the microphone's rate."""
        self.spoken = Tape(self.microphone.rate_hz)
        self.played = Tape(self.loudspeaker.rate_hz)
        self.late = 0
        """How often one block, or several in a row, came too late."""
        self._streams = streams
        self._clock = clock
        self._patience_s = patience_s
        self._usual_s = float("inf")
        self._is_late = False

    def start(self, on_input: OnInput, on_output: OnOutput) -> None:
        """Begin to call both, as `AudioStreams` does. Raises DeviceError."""

        def hear(samples: Int16, at: float, lost: bool) -> None:  # noqa: FBT001  # as devices call it
            self._count_late(at + len(samples) / self.microphone.rate_hz)
            said = self.user.speak(len(samples))
            self.spoken.write(said, at)
            both = samples.astype(np.int32) + said[:, np.newaxis]
            on_input(np.clip(both, -32768, 32767).astype(np.int16), at, lost)

        def play(block: Int16, at: float, dry: bool) -> None:  # noqa: FBT001
            on_output(block, at, dry)
            self.played.write(block, at)

        self._streams.start(hear, play)
        self.microphone, self.loudspeaker = self._streams.microphone, self._streams.loudspeaker

    def _count_late(self, due: float) -> None:
        """Count late blocks. The least late block so far shows the usual time, as no block comes early."""
        after_s = self._clock.now() - due
        self._usual_s = min(self._usual_s, after_s)
        late = after_s - self._usual_s > self._patience_s
        self.late += late and not self._is_late
        self._is_late = late

    def poll(self, *, idle: bool = False) -> list[Notice]:
        """Look after the devices. Raises DeviceError when one has ended."""
        return self._streams.poll(idle=idle)

    def close(self) -> bool:
        """Close the devices; whether that was done in time. Idempotent."""
        return self._streams.close()
