"""The jitter buffer: the voice gives sound in bursts, the loudspeaker takes blocks on its own clock.

    push (mouth thread)   clause....  clause............ finish
    pull (audio thread)      . . # # # # # # . . # # # # # # # # . . .
    state                 idle  playing      filling  playing     idle

A reply may be pushed before it is known whether it is wanted: `begin` holds it back until `open`. While
somebody speaks over one, `duck` makes it softer and `hold` stops it; after `resume` it goes on where it broke
off, and no sample is lost.

A device that has just begun may take block after block at once and lose them; then it gets silence.

Promises: `pull` never waits; it fills every block, with silence where it has nothing. A reply begins when
the target (150-250 ms, adaptive) is buffered, or at once when it is complete. Running dry within a reply
is an underrun: faded, counted, and the target grows. Running dry when it is complete ends the reply.

Relies on: `pull` on one audio thread, in blocks no shorter than a fade, the rest on other threads. The
samples lie in a ring, never more than it has room for. Counters are monotonic samples with one writer each:
the ring's `written`, `_complete_at` and `_drop_to` belong to the pushing side (a lock keeps a drop and a push
apart), `_pulled` and the play state to the audio thread, `_opened` and `_wish` to the floor's thread.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from voicecli.audio.ring import Ring

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.messages import Int16

FADE_S = 0.008
"""Within the usual 5 to 10 ms: long enough not to click, too short to be heard as a fade."""

DUCK_GAIN = 0.22
"""-13 dB: so much softer that the user notices it, and still audible in case nobody interrupts."""

RUSHING = 0.5
"""A device that ran dry, and asks for a block within this share of a block after the last, lost that one."""

RUSH_S = 0.08
"""A device that rushed gets sound only this long after it did so for the last time: docs/decisions/0039."""

GROW_S, SHRINK_S, CALM_S = 0.05, 0.01, 10.0
"""The target grows by GROW_S at each underrun and shrinks by SHRINK_S for each CALM_S of sound without."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Where playing stands: sample `position` sounds at time `at`."""

    position: int
    at: float


class JitterBuffer:
    """Mono int16 samples at the loudspeaker's rate, at most `capacity_s` of them.

    The generation of a reply is the number of its draft. `least_s` and `most_s` bound the target.
    """

    def __init__(self, rate_hz: int, capacity_s: float, least_s: float, most_s: float) -> None:
        self.rate_hz = rate_hz
        self.capacity = round(capacity_s * rate_hz)
        self._ring = Ring(self.capacity)
        self._least, self._most = round(least_s * rate_hz), round(most_s * rate_hz)
        self._lock = threading.Lock()  # pushing side only
        self._complete_at = 0
        self._drop_to = 0
        self._generation = 0
        self._held = 0
        self._opened = 0  # one writer: the thread that runs the floor
        self._wish: Literal["play", "duck", "hold"] = "play"  # one writer: the same
        # Audio thread:
        self._pulled = 0
        self._target = self._least
        self._playing = False
        self._ducked = False
        self._calm = 0
        self._level: np.int16 = np.int16(0)  # last sample given to the device
        self._fade_in = np.linspace(0.0, 1.0, round(FADE_S * rate_hz), dtype=np.float32)
        self._fade_out = self._fade_in[::-1].copy()
        self._fade_up: np.ndarray = DUCK_GAIN + (1 - DUCK_GAIN) * self._fade_in
        self._fade_down = self._fade_up[::-1].copy()
        self.heartbeat = Heartbeat(0, 0.0)
        self.reported: Callable[[float], int] | None = None
        """Gives what has sounded at a time, where the device tells; None: the times of its blocks count."""
        self.began = Heartbeat(0, 0.0)
        """Where and when sound last began after silence."""
        self.starts: tuple[Heartbeat, ...] = ()
        """Where and when the newest reply began to sound, and went on after silences: the first eight."""
        self.ended_at = 0.0  # when sound last ended; means nothing while `sounding`
        self.underruns = self.device_underruns = 0
        self.blocks = 0  # that the device has asked for; stands still when it is gone
        self._asked_at = 0.0
        self._rushes_until = 0.0
        self.peak = 0

    # ---- pushing side

    @property
    def pushed(self) -> int:
        """Samples pushed since the beginning: the position the next push begins at."""
        return self._ring.written

    @property
    def room(self) -> int:
        """Samples that can be pushed now."""
        return self.capacity - (self._ring.written - self._pulled)

    @property
    def pulled(self) -> int:
        """Samples the device has taken, or that were dropped."""
        return self._pulled

    @property
    def waiting(self) -> int:
        """Samples pushed and not pulled."""
        return self._ring.written - self._pulled

    def position_at(self, now: float) -> int:
        """The sample that sounds at time `now`."""
        pulled = self._pulled  # before the heartbeat: a block begun in between must not count as sounded
        reported, beat = self.reported, self.heartbeat
        if reported is not None:
            return min(pulled, reported(now))
        return min(pulled, max(0, beat.position + int((now - beat.at) * self.rate_hz)))

    @property
    def complete(self) -> bool:
        """Whether all of the newest reply is here."""
        return self._complete_at == self._ring.written

    @property
    def target_s(self) -> float:
        """What a reply must have buffered before it begins, s."""
        return self._target / self.rate_hz

    def begin(self, generation: int) -> None:
        """What is pushed from now on is a new reply, silent until `open`; the rest of the last is dropped."""
        with self._lock:
            self._drop_to = self._complete_at = self._ring.written
            self._held = generation  # written last: who sees it also sees the drop of the reply before

    def open(self, generation: int) -> None:
        """Let the reply of this generation be heard, and no other that is held."""
        self._opened = generation

    def push(self, samples: Int16, generation: int) -> bool:
        """Append (n,) int16, n <= room; says False, and takes nothing, if this generation was dropped.

        Raises ValueError when it does not fit: the caller paces itself by `room`.
        """
        with self._lock:
            if generation < self._generation:
                return False
            if len(samples) > self.room:
                raise ValueError("jitter buffer: pushed more than there is room for")
            self._ring.write(samples)
            self.peak = max(self.peak, self.waiting)
            return True

    def finish(self) -> None:
        """The reply is complete: play what there is at once; when that runs dry, it is no underrun."""
        with self._lock:
            self._complete_at = self._ring.written

    def drop(self, generation: int) -> None:
        """Forget what is buffered, with a short fade, and refuse pushes of generations before this one."""
        with self._lock:
            self._generation = generation
            self._drop_to = self._complete_at = self._ring.written

    # ---- the thread that runs the floor

    def duck(self) -> None:
        """Go on softly."""
        self._wish = "duck"

    def hold(self) -> None:
        """Fall silent with a short fade, and keep what is buffered: neither an underrun nor an end."""
        self._wish = "hold"

    def resume(self) -> None:
        """Go on at full level. After a hold, begin with the first sample that was not heard in full."""
        self._wish = "play"

    @property
    def on_hold(self) -> bool:
        """Whether it was asked to hold."""
        return self._wish == "hold"

    # ---- audio thread

    @property
    def sounding(self) -> bool:
        """Whether it plays, as of the last block."""
        return self._playing

    def pull(self, block: Int16, at: float, device_ran_dry: bool, *, waits: bool = False) -> None:  # noqa: FBT001
        """Fill (n,) int16, whose first sample sounds at time `at`; with `waits` as if it were on hold."""
        self.blocks += 1
        if device_ran_dry:
            self.device_underruns += 1
        if device_ran_dry and (at - self._asked_at) * self.rate_hz < len(block) * RUSHING:
            self._rushes_until = at + RUSH_S
        self._asked_at = at
        may_begin = self._held == self._opened  # read before `_drop_to`, which `begin` writes first
        drop_to = self._drop_to
        if drop_to > self._pulled:
            self._fall_silent(block, at, drop_to)
            self._pulled = drop_to
            return
        pushed = self._ring.written  # once: the next reply may be pushed meanwhile
        wish = self._wish
        if wish == "hold" or waits or at < self._rushes_until:
            self._fall_silent(block, at, pushed)  # what fades is heard again when it goes on
            return
        waiting, complete = pushed - self._pulled, self._complete_at == pushed  # not if more came since
        ready = waiting > 0 and (complete or waiting >= self._target) and may_begin
        if not self._playing and not ready:
            block[:] = 0
            return
        # Only blocks with sound set the heartbeat: in silence time goes on, but the position does not.
        self.heartbeat = Heartbeat(self._pulled, at)
        begins = not self._playing
        if begins:  # before `_pulled`: of a sample that was pulled it is known when it sounds
            self.began = self.heartbeat
            fresh = not self.starts or self.starts[0].position < drop_to  # where a reply begins
            self.starts = (self.began,) if fresh else (*self.starts, self.began)[:8]
        count = min(len(block), waiting)
        self._copy(block, count)
        self._pulled += count
        self._soften(block, ducked=wish == "duck")
        if begins:
            self._playing = True
            self._ramp(block, self._fade_in)
        if waiting < len(block):
            self.ended_at = at + waiting / self.rate_hz
            self._ran_dry(block, waiting, complete=complete)
        self._level = block[-1]
        self._rest(len(block))

    def _copy(self, block: Int16, count: int) -> None:
        """The next `count` samples into (n,) `block`, and nothing after them."""
        self._ring.copy(self._pulled, block[:count])
        if count < len(block):
            block[count:] = 0

    def _soften(self, block: Int16, *, ducked: bool) -> None:
        """Give (n,) `block` the full or the ducked level, with a ramp where that changes."""
        changes, self._ducked = self._playing and ducked != self._ducked, ducked
        begin = len(self._fade_in) if changes else 0
        if changes:
            self._ramp(block, self._fade_down if ducked else self._fade_up)
        if ducked:
            block[begin:] = block[begin:] * np.float32(DUCK_GAIN)

    def _ramp(self, samples: Int16, ramp: np.ndarray) -> None:
        count = min(len(samples), len(ramp))
        faded = samples[:count] * ramp[:count]
        samples[:count] = faded

    def _fall_silent(self, block: Int16, at: float, end: int) -> None:
        """Fill `block` with a fade over a few milliseconds of what was to come, up to `end`, then zeros."""
        count = min(len(self._fade_out), end - self._pulled) if self._playing else 0
        self._copy(block, count)
        if self._playing:
            self.ended_at = at + FADE_S
            self._soften(block, ducked=self._ducked)
            self._end_softly(block, count)
        self._playing = False

    def _end_softly(self, block: Int16, count: int) -> None:
        """Fade out at the end of the `count` samples in (n,) `block`; repeat the last if they are too few."""
        end = max(count, len(self._fade_out))
        block[count:end] = block[count - 1] if count else self._level
        self._ramp(block[end - len(self._fade_out) : end], self._fade_out)

    def _ran_dry(self, block: Int16, waiting: int, *, complete: bool) -> None:
        self._playing = False
        self._end_softly(block, waiting)
        if complete:
            return
        self.underruns += 1
        self._calm = 0
        self._target = min(self._most, self._target + round(GROW_S * self.rate_hz))

    def _rest(self, count: int) -> None:
        self._calm += count
        if self._calm >= CALM_S * self.rate_hz:
            self._calm = 0
            self._target = max(self._least, self._target - round(SHRINK_S * self.rate_hz))
