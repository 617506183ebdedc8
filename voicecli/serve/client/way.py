"""The agent's voice on its way to a client: what was sent, and has not sounded there as far as is known.

    reply        ----------+------------------+----------
    the client     played  |  has, not played |  limit: it may be sent no more
    here                   |  kept here       |

A client that reports how far it has played (`voicecli.playout`) is sent no more than its credit allows, and
what it has not played has not been heard. Of one that reports nothing, or no longer, the time tells.

What has not sounded when the connection is lost is sent again on the next one. When the agent is put on
hold, a client with credit still has sound to play: a block that fades has it fall silent and keep that.

Belongs to the thread of the devices; any thread may call `told` and `sounded`, which read or set one field.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from voicecli.messages import Int16
    from voicecli.serve.wire.extension import Played
    from voicecli.waiting.buffers import BufferFill

MOST_S = 5.0
"""Most sound that is kept here; beyond that the oldest counts as played, and is counted."""

REPORT_S = 0.1
"""A client that plays reports so often: for so long after a report it is taken to have gone on."""

OVERDUE_S = 2.0
"""A client that reports nothing for so long, while it has sound to play, counts as one without credit."""


ON_ITS_WAY = Buffer(
    "sound on its way to a client",
    "ms",
    MOST_S * 1000,
    "drop_oldest",
    "it is sent already, and kept until it has sounded, to be sent again when the connection is lost; credit "
    "is no more than this, so some is lost only where a client with credit does not report",
)


@dataclass(frozen=True, slots=True)
class Voiced:
    """A block of the agent's voice for a client."""

    samples: Int16
    """(n,) int16."""
    reply: int
    """Number of the reply: counts from 1 in a session."""
    start_ms: int
    """Where in it the block begins."""
    fades: bool
    """Whether it ends a fade: the rest was dropped, or is on hold."""
    last: bool
    """Whether it is the last for now: that, or the reply is over, or its sound is not made yet."""
    again: bool = False
    """Whether it is one that was sent before."""
    losses: int = 0
    """How often the connection had been lost by then."""


@dataclass(frozen=True, slots=True)
class _Block:
    samples: Int16
    reply: int
    start: int  # place of its first sample in the reply
    position: int  # the same in the jitter buffer
    advance: int  # samples that it took from there; the others are silence, a fade or a cue
    due: float
    fades: bool
    last: bool

    @property
    def end(self) -> int:
        return self.start + len(self.samples)

    def without(self, count: int) -> _Block:
        """What is left when `count` samples have sounded."""
        into = min(count, self.advance)
        return replace(
            self,
            samples=self.samples[count:],
            start=self.start + count,
            position=self.position + into,
            advance=self.advance - into,
        )


@dataclass(frozen=True, slots=True)
class _Known:
    """What counts as sounded: `position` of the jitter buffer at time `at`, and later at most `run` more."""

    position: int
    at: float
    run: int


class OnItsWay:
    """What one client has been sent by one talk."""

    def __init__(self, rate_hz: int, credit_s: float = 0.0, replies: int = 0) -> None:
        """`replies`: how many the client was sent by talks before this one."""
        self._rate_hz = rate_hz
        self.credit_s = credit_s
        """How far beyond what it has played the client may be sent; 0: it reports nothing. It may change."""
        self.reply = replies
        """Number of the reply that was begun last."""
        self.overdue = False
        """Whether the client has not reported for long."""
        self._lost = self._peak = 0  # samples
        self._blocks: deque[_Block] = deque()  # sent, and not played
        self._again: deque[_Block] = deque()  # to be sent again
        self._over = True  # the next sound begins a reply
        self._sent = self._limit = 0  # of the reply: samples
        self.held = False
        """Whether the client has fallen silent for a while, and keeps what it has."""
        self._known = _Known(0, 0.0, 0)
        self._owed_at: float | None = None  # since when a report is waited for
        self._news: Played | None = None

    # ---- any thread

    def told(self, played: Played) -> None:
        """The client reports. Only the newest counts: it says all that those before it did."""
        self._news = played

    def sounded(self, now: float) -> int:
        """Position of the jitter buffer up to which the client has played, as far as is known."""
        known = self._known
        return known.position + min(known.run, max(0, int((now - known.at) * self._rate_hz)))

    # ---- the thread of the devices

    @property
    def reports(self) -> bool:
        """Whether the client tells how far it has played."""
        return self.credit_s > 0 and not self.overdue

    @property
    def waits(self) -> bool:
        """Whether there is sound that was sent, or is to be sent again, and has not sounded."""
        return bool(self._blocks or self._again)

    @property
    def again_s(self) -> float:
        """Sound that is to be sent again, s."""
        return _count(self._again) / self._rate_hz

    def ahead_s(self, now: float) -> float:
        """Sound that the client has and has not played, s, as far as is known."""
        return max(0, _count(self._blocks) - (self.sounded(now) - self._known.position)) / self._rate_hz

    def stats(self) -> BufferFill:
        """What is kept; a loss is a sample that the client has not reported as played."""
        ms, kept = 1000 / self._rate_hz, _count(self._blocks) + _count(self._again)
        return ON_ITS_WAY.filled(kept * ms, self._peak * ms, self._lost)

    def may_send(self, count: int) -> bool:
        """Whether the client's credit allows so many samples more of the reply, or another reply."""
        return self._over or self._sent + count <= self._limit

    def look(self, now: float) -> bool:
        """Read the newest report, or see what the time tells; say whether a report has become overdue."""
        news, self._news = self._news, None
        if news is not None and self.credit_s and news.reply <= self.reply:
            self._played(news, now)
        while not self.credit_s and self._blocks and self._blocks[0].due + self._length_s() <= now:
            self._blocks.popleft()
        if not self.waits or not self.credit_s or self.held:
            self._owed_at = None
        elif self._owed_at is None:
            self._owed_at = now
        elif now - self._owed_at > OVERDUE_S and not self.overdue:
            self.overdue = True
            return True
        return False

    def _length_s(self) -> float:
        return len(self._blocks[0].samples) / self._rate_hz

    def _played(self, news: Played, now: float) -> None:
        self.overdue, self._owed_at = False, now
        played = news.played_ms * self._rate_hz // 1000
        if news.reply == self.reply:
            most = played + round(self.credit_s * self._rate_hz)
            self._limit = min(news.limit_ms * self._rate_hz // 1000, most)
        while self._blocks and self._is_played(self._blocks[0], news.reply, played):
            self._blocks.popleft()
        # It may have gone on while the connection was lost: what it played then is not sent again.
        while not self._blocks and self._again and self._is_played(self._again[0], news.reply, played):
            self._forego(self._again.popleft())
        if blocks := self._blocks or self._again:
            first, run = blocks[0], 0
            if first.reply == news.reply:
                blocks[0] = first = first.without(max(0, played - first.start))
                run = 0 if self.held else round(min(REPORT_S, news.buffered_ms / 1000) * self._rate_hz)
            self._known = _Known(first.position, now, run)

    def _forego(self, block: _Block) -> None:
        """Do not send this again; what comes next still lies behind it."""
        if block.reply == self.reply:
            self._sent = max(self._sent, block.end)

    def _is_played(self, block: _Block, reply: int, played: int) -> bool:
        if block.reply != reply:
            return block.reply < reply
        # A client that resamples counts a little differently, so the last block is through when it has begun.
        newest = (self._again or self._blocks)[-1]
        return played >= (block.start if self._over and block is newest else block.end)

    def add(
        self, samples: Int16, position: int, advance: int, due: float, *, fades: bool, last: bool, losses: int
    ) -> Voiced:
        """Send a block that is due at a time; `position`, `advance`: what of the jitter buffer is in it.

        `losses`: how often the connection was lost so far.
        """
        if self._over:
            self.reply += 1
            self._over, self._sent = False, 0
            self._limit = round(self.credit_s * self._rate_hz)
            if not self.reports:
                self._blocks.clear()  # what is left of the reply before was heard long ago
        block = _Block(samples, self.reply, self._sent, position, advance, due, fades, last)
        return self._send(block, losses)

    def send_again(self, due: float, losses: int) -> Voiced | None:
        """Send the next block again, as far as the credit allows; None when there is nothing to be sent."""
        if not self._again or (self.reports and self._again[0].end > self._limit):
            return None
        return replace(self._send(replace(self._again.popleft(), due=due), losses), again=True)

    def _send(self, block: _Block, losses: int) -> Voiced:
        if not self._blocks:
            self._known = _Known(block.position, block.due, 0)
        self._blocks.append(block)
        self._sent = block.end
        while _count(self._blocks) > MOST_S * self._rate_hz:
            self._lost += len(self._blocks.popleft().samples)
        self._peak = max(self._peak, _count(self._blocks))
        return self._voiced(block, losses)

    def _voiced(self, block: _Block, losses: int) -> Voiced:
        start_ms = block.start * 1000 // self._rate_hz
        return Voiced(block.samples, block.reply, start_ms, block.fades, block.last, losses=losses)

    def ended(self) -> None:
        """The reply is over: what comes next is another one."""
        self._over = True

    def drop(self) -> int | None:
        """Forget all; give the number of the reply that the client is to drop, if it may have some of it."""
        number = self.reply if self.waits else None
        self._blocks.clear()
        self._again.clear()
        self.held = False
        return number

    def pause(self, now: float, losses: int) -> Voiced | None:
        """Have the client fall silent and keep what it has; None where it has nothing."""
        if not self._blocks:
            return None
        self.held, self._known = True, _Known(self.sounded(now), now, 0)
        start_ms = self._sent * 1000 // self._rate_hz
        silence = np.zeros_like(self._blocks[-1].samples)
        return Voiced(silence, self.reply, start_ms, fades=True, last=True, losses=losses)

    def go_on(self, losses: int) -> Voiced | None:
        """Have the client go on, by the block that it got last; None where it did not fall silent."""
        held, self.held = self.held, False
        if not held or not self._blocks:
            return None
        return replace(self._voiced(self._blocks[-1], losses), again=True)

    def rewind(self, now: float) -> None:
        """What has not sounded is to be sent again; until then nothing more of it sounds."""
        self._again.extendleft(reversed(self._blocks))
        self._blocks.clear()
        self.overdue, self.held, self._owed_at = False, False, None
        if self._again:
            self._known = _Known(self._again[0].position, now, 0)


def _count(blocks: deque[_Block]) -> int:
    return sum(len(block.samples) for block in blocks)
