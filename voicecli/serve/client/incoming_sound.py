"""What a client's microphone hears, on its way into its talk: bounded, caught up with, never without an end.

    heard (the loop)  ->  ring  ->  hear (the devices): at once, but at most CATCH_UP times real time

Relies on: `heard` and `listen` on one thread each, `hear` on the thread of the devices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.ring import Ring
from voicecli.messages import FRAME_S
from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.audio.streams import OnInput
    from voicecli.messages import Int16
    from voicecli.system.clock import Clock
    from voicecli.waiting.buffers import BufferFill

INPUT_S = 5.0
"""s of a client's sound that may wait; beyond that the oldest is lost, and counted."""

START_S = 20.0
"""The same while the talk begins, because the model reads its instructions, and while one is taken up."""

CLIENT_SOUND = Buffer(
    "sound of a client",
    "ms",
    INPUT_S * 1000,
    "drop_oldest",
    "a client may send a recording at once, or what it kept while its connection was lost; it is heard at up "
    "to 8 times real time; 20 s may wait while the talk begins, or has just been taken up",
)

CATCH_UP = 8
"""Sound that came late is heard at up to this many times real time."""

AT_ONCE_S = 0.16
"""s of it at most in one piece."""

SILENT_AFTER_S = 0.3
"""A client that has sent nothing for this many s is taken to be silent, so that its turn can end."""

LOST_AFTER_S = 2.0
"""The same while the connection is lost: who is back sooner goes on in the middle of a sentence."""

NOISE = 2
"""Largest sample of the silence put in its place, of 32767: no room is more silent than -90 dBFS."""


class IncomingSound:
    """The sound of one client, at one rate."""

    def __init__(self, clock: Clock, rate_hz: int) -> None:
        self._clock = clock
        self._rate_hz = rate_hz
        self._ring = Ring(round(START_S * rate_hz))
        self._shed = self._gaps = self._gaps_told = 0  # samples of it thrown away; gaps of the client's own
        self._noise = np.random.default_rng(0)
        self._heard_at = self._asked_at = clock.now()
        self._allowed_s = AT_ONCE_S
        self._silent_to = 0.0  # up to this time silence was put in
        self._once_heard: Callable[[], None] | None = None
        self._listened_at: float | None = None
        self.connected = True
        """Whether there is a connection. Any thread may set it."""

    def heard(self, samples: Int16, *, after_gap: bool) -> None:
        """Take (n,) int16; `after_gap`: the client lost some before it."""
        self._gaps += after_gap
        self._ring.write(samples)

    def listen(self) -> None:
        """The talk listens: give it what has come, and what comes. Until then it waits here."""
        self._listened_at = self._clock.now()

    def take_up(self) -> None:
        """There is a connection again."""
        self.connected = True
        if self._listened_at is not None:
            self._listened_at = self._clock.now()  # what was said meanwhile comes at once

    def once_heard(self, call: Callable[[], None]) -> None:
        """Call this, from the thread of the devices, once all that has come by now was heard."""
        self._once_heard = call

    @property
    def waiting_s(self) -> float:
        """Sound that has come and was not heard, s."""
        return self._ring.waiting / self._rate_hz

    @property
    def lost(self) -> int:
        """Samples lost because the client sent more than it could have heard."""
        return self._ring.lost + self._shed

    def stats(self) -> BufferFill:
        """What waits."""
        ms = 1000 / self._rate_hz
        return CLIENT_SOUND.filled(self._ring.waiting * ms, self._ring.peak * ms, self.lost)

    def begin(self) -> None:
        """The devices begin now."""
        self._heard_at = self._asked_at = self._clock.now()

    def hear(self, on_input: OnInput) -> None:
        """Give what has come, as far as it may be now; silence where long nothing has."""
        now, rate_hz = self._clock.now(), self._rate_hz
        self._allowed_s = min(AT_ONCE_S, self._allowed_s + CATCH_UP * (now - self._asked_at))
        self._asked_at = now
        if self._listened_at is None:
            self._heard_at = now
            return
        before, gaps = self.lost, self._gaps
        may_wait_s = max(INPUT_S, START_S - CATCH_UP * (now - self._listened_at))
        if (excess := self._ring.waiting - round(may_wait_s * rate_hz)) > 0:
            self._shed += len(self._ring.read(excess)[1])
        _, samples = self._ring.read(round(self._allowed_s * rate_hz))
        if len(samples):
            behind_s = self._ring.waiting / rate_hz
            self._allowed_s -= len(samples) / rate_hz
            self._heard_at = now
            lost = self._ring.lost > before or gaps > self._gaps_told
            self._gaps_told = gaps
            on_input(samples[:, np.newaxis], now - behind_s - len(samples) / rate_hz, lost)
        elif self._ring.waiting:
            return  # more may be given a little later
        elif (call := self._once_heard) is not None:
            self._once_heard = None
            call()
        else:
            self._be_silent(on_input, now)

    def _be_silent(self, on_input: OnInput, now: float) -> None:
        """Put silence in, a frame of the detector at a time: so what comes later is cut as the client did."""
        since = self._heard_at + (SILENT_AFTER_S if self.connected else LOST_AFTER_S)
        begin = max(since - FRAME_S, self._silent_to, now - 2 * FRAME_S)
        if now - begin >= FRAME_S:
            self._silent_to = begin + FRAME_S
            count = round(FRAME_S * self._rate_hz)
            silence = self._noise.integers(-NOISE, NOISE, count, np.int16, endpoint=True)
            on_input(silence[:, np.newaxis], begin, False)
