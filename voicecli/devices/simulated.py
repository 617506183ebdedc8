"""A simulated microphone, which hears given samples, and a loudspeaker; a callback gets what both carried.

A thread of its own keeps the pace of a sound card: one block every `block_ms`, never early. Where the
computer is too slow, a block comes late, but none is lost. The callbacks see no difference to real devices.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

import numpy as np

from voicecli.audio.frames import Reframer
from voicecli.audio.streams import StreamFormat
from voicecli.errors import DeviceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from voicecli.audio.streams import Notice, OnInput, OnOutput
    from voicecli.messages import Int16
    from voicecli.system.clock import Clock

SIMULATED_LATENCY_S = 0.02
"""Seconds from the moment a sample is written until it sounds, as with a good sound card."""


class User(Protocol):
    """Somebody who speaks into the simulated microphone."""

    def speak(self, count: int) -> Int16:
        """The next `count` samples, (count,) int16; silence when there is nothing to say."""
        ...


class SimulatedStreams:
    """Both devices at one rate, as `AudioStreams`.

    After each block, `on_tape` gets what the microphone heard and what the loudspeaker played, (n,) int16
    each. If it fails, the streams end and `close` raises its exception.
    """

    def __init__(
        self,
        user: User,
        rate_hz: int,
        block_ms: int,
        clock: Clock,
        on_tape: Callable[[Int16, Int16], None] | None = None,
    ) -> None:
        self.microphone = StreamFormat("simulated microphone", rate_hz, 1, SIMULATED_LATENCY_S)
        self.loudspeaker = StreamFormat("simulated loudspeaker", rate_hz, 1, SIMULATED_LATENCY_S)
        self._user = user
        self._block = rate_hz * block_ms // 1000
        self._clock = clock
        self._on_tape = on_tape
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._failure: Exception | None = None

    def start(self, on_input: OnInput, on_output: OnOutput) -> None:
        """Begin to call both callbacks, from a thread of their own."""
        self._thread = threading.Thread(
            target=self._run, args=(on_input, on_output), name="simulated devices", daemon=True
        )
        self._thread.start()

    def _run(self, on_input: OnInput, on_output: OnOutput) -> None:
        try:
            block_s = self._block / self.microphone.rate_hz
            due = self._clock.now()
            while not self._clock.wait(self._stop, max(0.0, due - self._clock.now())):
                spoken = self._user.speak(self._block)
                played = np.zeros(self._block, np.int16)
                on_input(spoken[:, np.newaxis], due - block_s, False)
                on_output(played, due + SIMULATED_LATENCY_S, False)
                if self._on_tape is not None:
                    self._on_tape(spoken, played)
                due += block_s
        except Exception as failure:  # noqa: BLE001  # told by `close`
            self._failure = failure

    def poll(self, *, idle: bool = False) -> list[Notice]:
        """Tell nothing. Raises DeviceError when the thread ended by itself; `close` raises why."""
        thread = self._thread
        if thread is not None and not thread.is_alive() and not self._stop.is_set():
            raise DeviceError(f"the {self.microphone.name} stopped", "start anew")
        return []

    def close(self) -> bool:
        """End the thread; say whether it ended in time. Raises what went wrong on it."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=2.0)
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        return self._thread is None or not self._thread.is_alive()


ROOM_NOISE = 2
"""Largest sample of the simulated noise, of 32767: its level is -90 dBFS. No real microphone is silent."""


class RecordedUser:
    """A user in a quiet room who says one recording at a time, and is silent otherwise.

    A recording is an iterator of blocks of any size. Each is read when its turn comes, so an hour takes no
    more memory than a second. `say` may be called from another thread than `speak`, but only once `finished`.
    """

    def __init__(self) -> None:
        self._blocks: Iterator[Int16] = iter(())
        self._to_say = Reframer(np.int16)
        self._noise = np.random.default_rng(0)
        self.finished = True
        """Whether the whole recording has been said."""

    def say(self, blocks: Iterator[Int16]) -> None:
        """Begin to say (n,) int16 blocks."""
        self._blocks = blocks
        self.finished = False

    def speak(self, count: int) -> Int16:
        """The next `count` samples, int16."""
        while len(self._to_say) < count and not self.finished:
            block = next(self._blocks, None)
            if block is None:
                self.finished = True
            else:
                self._to_say.push(block)
        said = self._to_say.take(count)
        heard = self._noise.integers(-ROOM_NOISE, ROOM_NOISE, count, np.int16, endpoint=True)
        # Speech at full scale plus noise does not fit into int16.
        heard[: len(said)] = np.clip(heard[: len(said)] + said.astype(np.int32), -32768, 32767)
        return heard
