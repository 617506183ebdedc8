"""The microphone and loudspeaker of a client at the other end of a socket, as `AudioStreams`.

    heard(samples)  ->  ring  ->  on_input    every 20 ms; a client that was late is caught up with
    send(samples)   <-  on_output             at most LEAD_S before the time at which they are due

The loudspeaker's clock is this side's: sound leaves as it would be played, so that an interruption has little
to take back, and what was heard is known to within the lead. While the socket takes no more, the clock stands
still, as with a paused loudspeaker.

Relies on: `heard` on one thread, the callbacks on a thread of this object's own.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

import numpy as np

from voicecli.audio.ring import Ring
from voicecli.audio.streams import StreamFormat
from voicecli.errors import DeviceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.audio.streams import Notice, OnInput, OnOutput
    from voicecli.messages import Int16
    from voicecli.system.clock import Clock

BLOCK_S = 0.02
LEAD_S = 0.3
"""s of sound that may be sent before they are due: enough for a network's jitter, and little to take back."""

INPUT_S = 5.0
"""s of a client's sound that may wait; beyond that the oldest is lost, and counted."""

START_S = 20.0
"""s of it that may wait while the talk begins: the model reads its instructions, and the user may speak."""

CATCH_UP = 8
"""Sound that came late is heard at up to this many times real time."""

SILENT_AFTER_S = 0.3
"""A client that has sent nothing for this many s is taken to be silent, so that its turn can end."""

NOISE = 2
"""Largest sample of the silence put in its place, of 32767: no room is more silent than -90 dBFS."""


class PlayedSound(Protocol):
    """What is about to sound, as far as these devices must know it: `speak.playback.Playback` does."""

    @property
    def sounding(self) -> bool:
        """Whether the last block held sound."""
        ...

    @property
    def waiting_s(self) -> float:
        """Sound that could be taken now, s."""
        ...


class RemoteStreams:
    """Both devices of one client, at one rate each."""

    def __init__(
        self,
        clock: Clock,
        rates_hz: tuple[int, int],
        send: Callable[[Int16, bool], None],
        may_send: Callable[[], bool],
    ) -> None:
        """`rates_hz`: of the microphone and the loudspeaker. `send` must not wait.

        `send` gets (n,) int16, and whether that is the end of a sound that was dropped or put on hold.
        `may_send` tells whether the socket takes more.
        """
        self.microphone = StreamFormat("the client's microphone", rates_hz[0], 1, BLOCK_S)
        self.loudspeaker = StreamFormat("the client's loudspeaker", rates_hz[1], 1, BLOCK_S)
        self._clock = clock
        self._send = send
        self._may_send = may_send
        self._ring = Ring(round(START_S * rates_hz[0]))
        self._shed = 0  # samples of it that were thrown away
        self._noise = np.random.default_rng(0)
        self._playout: PlayedSound | None = None
        self._heard_at = self._due = clock.now()
        self._stop = threading.Event()
        self._once_heard: Callable[[], None] | None = None
        self._listened_at: float | None = None
        self._thread: threading.Thread | None = None
        self._failure: Exception | None = None

    def follow(self, playout: PlayedSound) -> None:
        """Before `start`: ask this what is about to sound."""
        self._playout = playout

    def heard(self, samples: Int16) -> None:
        """Take (n,) int16 that the client's microphone heard."""
        self._ring.write(samples)

    def listen(self) -> None:
        """The talk listens: give it what has come, and what comes. Until then it waits here."""
        self._listened_at = self._clock.now()

    def once_heard(self, call: Callable[[], None]) -> None:
        """Call this, from the thread of the devices, once all that has come by now was heard."""
        self._once_heard = call

    @property
    def waiting_s(self) -> float:
        """Sound of the client's that waits, s."""
        return self._ring.waiting / self.microphone.rate_hz

    @property
    def lost(self) -> int:
        """Samples lost because the client sent more than it could have heard."""
        return self._ring.lost + self._shed

    def start(self, on_input: OnInput, on_output: OnOutput) -> None:
        """Begin to call both callbacks, from a thread of their own."""
        self._heard_at = self._due = self._clock.now()
        self._thread = threading.Thread(
            target=self._run, args=(on_input, on_output), name="remote devices", daemon=True
        )
        self._thread.start()

    def _run(self, on_input: OnInput, on_output: OnOutput) -> None:
        try:
            at = self._clock.now()
            while not self._clock.wait(self._stop, max(0.0, at - self._clock.now())):
                self.hear(on_input)
                self.sound(on_output)
                at = max(at + BLOCK_S, self._clock.now())
        except Exception as failure:  # noqa: BLE001  # told by `poll`
            self._failure = failure

    def hear(self, on_input: OnInput) -> None:
        """Give what has come, at most CATCH_UP blocks of it; silence where long nothing has."""
        now, rate_hz = self._clock.now(), self.microphone.rate_hz
        if self._listened_at is None:
            self._heard_at = now
            return
        before = self.lost
        may_wait_s = max(INPUT_S, START_S - CATCH_UP * (now - self._listened_at))
        if (excess := self._ring.waiting - round(may_wait_s * rate_hz)) > 0:
            self._shed += len(self._ring.read(excess)[1])
        _, samples = self._ring.read(round(CATCH_UP * BLOCK_S * rate_hz))
        if len(samples):
            behind_s = self._ring.waiting / rate_hz
            self._heard_at = now
            on_input(
                samples[:, np.newaxis], now - behind_s - len(samples) / rate_hz, self._ring.lost > before
            )
        elif (call := self._once_heard) is not None:
            self._once_heard = None
            call()
        elif now - self._heard_at >= SILENT_AFTER_S:
            silence = self._noise.integers(-NOISE, NOISE, round(BLOCK_S * rate_hz), np.int16, endpoint=True)
            on_input(silence[:, np.newaxis], now - BLOCK_S, False)

    def sound(self, on_output: OnOutput) -> None:
        """Send what is due, and as much of what comes after it as there is, up to the lead."""
        playout, now = self._playout, self._clock.now()
        self._due = max(self._due, now)
        if playout is None:
            return
        while self._may_send():
            ahead_s = self._due - now
            if ahead_s > BLOCK_S and (ahead_s > LEAD_S - BLOCK_S or playout.waiting_s < BLOCK_S):
                return
            block = np.zeros(round(BLOCK_S * self.loudspeaker.rate_hz), np.int16)
            on_output(block, self._due, False)
            if not (playout.sounding or block.any()):
                return
            self._send(block, not playout.sounding)
            self._due += BLOCK_S

    def poll(self, *, idle: bool = False) -> list[Notice]:  # a client's devices are its own
        """Tell nothing. Raises DeviceError when the thread ended by itself."""
        if self._failure is not None:
            raise DeviceError("the way to the client broke", "connect again") from self._failure
        return []

    def close(self) -> bool:
        """End the thread; say whether it ended in time."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=2.0)
        return self._thread is None or not self._thread.is_alive()
