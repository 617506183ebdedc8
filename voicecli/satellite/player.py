"""Replies as they come over the network -> jitter buffer, and how far each was played.

    take (link thread)   block, block, ...  whole | clear
    look (link thread)   what waits goes into the jitter buffer as far as there is room; sees the end
    pull (audio thread)  the jitter buffer's own

A server that takes playout reports sends no more than the jitter buffer has room for. Another may send a
whole reply at once: up to `WAITING` of it wait here, in front of the buffer.

A block that ends a fade is not played: the sound stops here at once, with what is buffered kept, because the
server may only be on hold. The next block has it go on where it stopped; or the server clears the reply.

Relies on: `take`, `whole`, `clear`, `look`, `report` on one thread.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.convert import Resampler
from voicecli.audio.level import to_float, to_int16
from voicecli.satellite.protocol.requests import CREDIT_MS, PlayedReply
from voicecli.speak.jitter import JitterBuffer
from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from voicecli.audio.streams import StreamFormat
    from voicecli.config import PlaybackConfig
    from voicecli.messages import Int16
    from voicecli.satellite.protocol.sound_blocks import ReplyBlock
    from voicecli.waiting.buffers import BufferFill

SPARE_S = 0.3
"""Room beyond the credit, s: a report is on its way while the server sends."""

STILL_S = 0.15
"""So long after its last sound a reply counts as whole, s, for a server that does not tell where sound ends.
Servers send 0.3 s ahead, so it has not run dry by then."""

OVERLAP_MS = 2
"""Sound that was sent before is left out from this much on; less is rounding to whole ms."""

WAITING = Buffer(
    "sound of the server",
    "ms",
    120_000,
    "drop_newest",
    "a server without playout reports sends a whole reply at once, two minutes at most; one that takes them "
    "sends no more than the jitter buffer has room for, so nothing waits here",
)


@dataclass(slots=True)
class _Arriving:
    """One reply here."""

    number: int
    """In its session."""
    generation: int
    """In the jitter buffer: from 1 on, whatever the session."""
    first_ms: int
    resampler: Resampler
    next_ms: float
    """Position behind the sound that came."""
    begins_at: int | None = None
    """Where it begins in the jitter buffer; None until it does."""
    came_at: float = 0.0
    whole: bool = False
    """All its sound has come, as far as is known."""
    still: bool = False
    """That is only known from how long nothing has come."""
    cut_ms: int | None = None
    """Where it was cut off."""
    reported: bool = False
    """Its end was reported."""


class Player:
    """One reply after another, on a loudspeaker of any rate."""

    def __init__(self, loudspeaker: StreamFormat, config: PlaybackConfig) -> None:
        self._rate_hz = rate_hz = loudspeaker.rate_hz
        least_s, most_s = config.jitter_min_ms / 1000, config.jitter_max_ms / 1000
        self.jitter = JitterBuffer(rate_hz, max(CREDIT_MS / 1000 + SPARE_S, most_s), least_s, most_s)
        self.pull = self.jitter.pull
        self._incoming: _Arriving | None = None
        self._playing: _Arriving | None = None
        self._void = 0  # replies of this session up to this number are not wanted any more
        self._generation = 0
        self._waiting: deque[tuple[_Arriving, Int16]] = deque()
        self._waits = self._waits_peak = 0  # samples
        self._gaps = 0
        self._held = False
        self._ran_dry: _Arriving | None = None
        self.lost = 0
        """Samples that came when too many waited."""

    # ---- link

    def take(self, block: ReplyBlock, now: float) -> None:
        """The next sound of a reply."""
        if block.reply <= self._void:
            return
        reply = self._incoming
        if block.fades:
            self._hold()
            return
        if reply is None or (reply.number, reply.resampler.from_hz) != (block.reply, block.rate_hz):
            reply = self._next(block)
        self._count_gap(reply)
        self._go_on()
        samples = block.samples
        if (over_ms := reply.next_ms - block.start_ms) >= OVERLAP_MS:
            samples = samples[round(over_ms * block.rate_hz / 1000) :]
        end_ms = block.start_ms + len(block.samples) / block.rate_hz * 1000
        reply.next_ms = max(reply.next_ms, end_ms) if over_ms >= 0 else end_ms
        reply.came_at, reply.whole, reply.still, reply.reported = now, False, False, False
        self._keep(reply, to_int16(reply.resampler.push(to_float(samples))))
        self.look(now)

    def whole(self, now: float) -> None:
        """No more of the newest reply will come."""
        if (reply := self._incoming) is not None:
            self._end(reply)
            self.look(now)

    def clear(self, number: int, now: float) -> None:
        """Fall silent at once, and drop what there is of the replies up to this number."""
        self._void = max(self._void, number)
        reply, playing = self._incoming, self._playing
        if reply is not None and reply.number <= number:
            self._drop(now)
        elif playing is not None and playing.number <= number and playing is not reply:
            self._cut(playing, now)
            self._waiting = deque(each for each in self._waiting if each[0] is not playing)
            self._waits = sum(len(samples) for _, samples in self._waiting)
            self.jitter.drop(playing.generation + 1)

    def silence(self, now: float) -> None:
        """Fall silent at once, and drop whatever there is."""
        if self._incoming is not None:
            self.clear(self._incoming.number, now)

    def begin_session(self, now: float) -> None:
        """The numbers of replies begin anew; what there is of the last session's is dropped."""
        self._drop(now)
        self._void, self._incoming = 0, None

    def look(self, now: float) -> None:
        """Move what waits into the jitter buffer, as far as there is room."""
        while self._waiting:
            reply, samples = self._waiting[0]
            if reply is not self._playing and not self._begin(reply):
                return
            count = min(len(samples), self.jitter.room)
            if not count:
                return
            self.jitter.push(samples[:count], reply.generation)
            self._waits -= count
            if count == len(samples):
                self._waiting.popleft()
            else:
                self._waiting[0] = reply, samples[count:]
        if (still := self._incoming) is not None and not still.whole and now - still.came_at >= STILL_S:
            still.still = True
            self._end(still)
        if self._waiting:  # the end let the filter's last samples out
            return
        if self._playing is not None and self._playing.whole:
            self.jitter.finish()

    def report(self, now: float) -> PlayedReply | None:
        """How far the reply that plays was played; once more at its end, and then None."""
        reply = self._playing
        if reply is None or reply.reported:
            return None
        sounded = reply.cut_ms is not None or self.jitter.position_at(now) >= self.jitter.pushed
        reply.reported = self.over and sounded  # the device's latency lies between the two
        return PlayedReply(
            reply.number, self.played_ms(now), round(self.jitter.waiting * 1000 / self._rate_hz), self.gaps
        )

    def played_ms(self, now: float) -> int:
        """Position in the reply that plays, or was played last, up to which it was heard, ms."""
        reply = self._playing
        if reply is None or reply.begins_at is None:
            return 0
        if reply.cut_ms is not None:
            return reply.cut_ms
        played = max(0, self.jitter.position_at(now) - reply.begins_at)
        return reply.first_ms + round(played * 1000 / self._rate_hz)

    # ---- any thread

    @property
    def over(self) -> bool:
        """Whether nothing sounds, and nothing waits that could."""
        incoming = self._incoming
        done = incoming is None or incoming.whole or incoming.cut_ms is not None
        return done and not self._waiting and not self.jitter.waiting and not self.jitter.sounding

    @property
    def gaps(self) -> int:
        """Times that a reply ran dry and went on."""
        return self._gaps + self.jitter.underruns

    def audible(self, at: float, tail_s: float) -> bool:
        """Whether the loudspeaker sounded at time `at`, or up to `tail_s` before it."""
        jitter = self.jitter
        if jitter.sounding and jitter.began.at <= at:
            return True
        return at < jitter.ended_at + tail_s

    def filled(self) -> list[BufferFill]:
        """What waits in front of the jitter buffer; a loss is sound that was not kept."""
        ms = 1000 / self._rate_hz
        return [WAITING.filled(self._waits * ms, self._waits_peak * ms, self.lost)]

    # ---- inside

    def _next(self, block: ReplyBlock) -> _Arriving:
        if self._held and self._playing is self._incoming:
            self._forget()  # nobody told so, but the reply on hold has another behind it
        elif self._incoming is not None:
            self._end(self._incoming)
        self._generation += 1
        resampler, at_ms = Resampler(block.rate_hz, self._rate_hz), block.start_ms
        self._incoming = reply = _Arriving(block.reply, self._generation, at_ms, resampler, float(at_ms))
        return reply

    def _keep(self, reply: _Arriving, samples: Int16) -> None:
        room = round(WAITING.capacity / 1000 * self._rate_hz) - self._waits
        kept = samples[: max(0, room)].copy()  # a part of a large block must not keep all of it
        self.lost += len(samples) - len(kept)
        if len(kept):
            self._waiting.append((reply, kept))
            self._waits += len(kept)
            self._waits_peak = max(self._waits_peak, self._waits)

    def _end(self, reply: _Arriving) -> None:
        """Let out what the filter holds: all that came is there now."""
        if not reply.whole and reply.cut_ms is None:
            self._keep(reply, to_int16(reply.resampler.push(np.zeros(0, np.float32), last=True)))
            reply.resampler = Resampler(reply.resampler.from_hz, self._rate_hz)
        reply.whole = True

    def _begin(self, reply: _Arriving) -> bool:
        """Begin the next reply, if the one before has sounded to its end."""
        if self._playing is not None and self._playing.cut_ms is None:
            self.jitter.finish()
            if self.jitter.waiting or self.jitter.sounding:
                return False
        self.jitter.begin(reply.generation)
        self.jitter.open(reply.generation)
        reply.begins_at = self.jitter.pushed
        self._playing = reply
        return True

    def _count_gap(self, reply: _Arriving) -> None:
        """More comes of a reply that ran dry and was taken to be whole: a gap, unless it is the last."""
        began = reply.begins_at is not None and self.jitter.began.position >= reply.begins_at
        dry = not (self.jitter.waiting or self.jitter.sounding or self._held)
        if reply.still and reply is self._playing and began and dry:
            self._ran_dry = reply
        elif self._ran_dry is reply:
            self._ran_dry = None
            self._gaps += 1

    def _cut(self, reply: _Arriving, now: float) -> None:
        if reply is self._playing and reply.cut_ms is None:
            reply.cut_ms = self.played_ms(now)
        elif reply.cut_ms is None:
            reply.cut_ms = 0
        reply.whole, reply.reported = True, False

    def _drop(self, now: float) -> None:
        for reply in (self._incoming, self._playing):
            if reply is not None:
                self._cut(reply, now)
        self._forget()

    def _hold(self) -> None:
        self._held = True
        self.jitter.hold()

    def _go_on(self) -> None:
        if self._held:
            self._held = False
            self.jitter.resume()

    def _forget(self) -> None:
        self._waiting.clear()
        self._waits = 0
        self.jitter.drop(self._generation + 1)
        self._go_on()
