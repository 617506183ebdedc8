"""Clauses as sound on the loudspeaker: SpokenChunk -> jitter buffer, and what of it was heard.

Keeps synthesis at most `ahead_ms` in front of the loudspeaker, resamples each clause from the rate of its
voice to the device's, and knows, from the times the device reports, when each clause began and ended.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.convert import Resampler
from voicecli.audio.level import first_audible, to_float, to_int16
from voicecli.speak.cues import Cues
from voicecli.speak.jitter import Heartbeat, JitterBuffer
from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from voicecli.audio.streams import StreamFormat
    from voicecli.config import PlaybackConfig
    from voicecli.messages import Clause, Int16, SpokenChunk
    from voicecli.waiting.buffers import BufferFill

PART = Buffer(
    "part of a clause",
    "ms",
    30_000,
    "block",
    "the voice is asked for the next piece of a clause when all of the last is in the jitter buffer; a piece "
    "of Piper's lasts up to 1.5 s; a voice that gives whole clauses may give the longest clause as one piece",
)


def jitter_sound(ahead_s: float) -> Buffer:
    """Sound ahead of the loudspeaker: the credit of the voice."""
    return Buffer(
        "jitter buffer",
        "ms",
        ahead_s * 1000,
        "block",
        "credit: the voice may be so far ahead of the loudspeaker, and gets more as sound is played; a long "
        "clause stops half made. The buffer bridges a part of a clause that is late, and little is made for "
        "nothing where the user interrupts",
        "playback.ahead_ms",
    )


def credit_s(config: PlaybackConfig) -> float:
    """Most sound that is buffered for the loudspeaker, s: no less than a reply needs to begin."""
    return max(config.ahead_ms, config.jitter_max_ms) / 1000


@dataclass(frozen=True, slots=True)
class Placed:
    """A clause and the samples it takes, as positions in the jitter buffer."""

    clause: Clause
    begin: int
    audible: int
    """First sample that can be heard."""
    end: int
    word_ends: tuple[int, ...] = ()
    """Position of the end of each of its spoken words; empty where the voice does not tell."""

    def words_until(self, position: int) -> list[str]:
        """Words that have sounded at `position`, counted by the share of spoken words that have.

        "1984" is one word and spoken as several. Where the voice does not tell word ends, the share of the
        clause's time counts.
        """
        words = self.clause.text.split()
        if position >= self.end:
            return words
        if self.word_ends:
            sounded, of = sum(end <= position for end in self.word_ends), len(self.word_ends)
        else:
            sounded, of = max(0, position - self.audible), max(1, self.end - self.audible)
        return words[: sounded * len(words) // of]


class Playback:
    """One reply after another.

    `pull` belongs to the audio thread, `drop`, `open`, `duck`, `hold` and `resume` to the one that runs
    the floor, the rest to the mouth's thread.
    """

    def __init__(self, loudspeaker: StreamFormat, config: PlaybackConfig) -> None:
        self._rate_hz = loudspeaker.rate_hz
        self.jitter = JitterBuffer(
            self._rate_hz,
            credit_s(config),
            config.jitter_min_ms / 1000,
            config.jitter_max_ms / 1000,
        )
        self.cues = Cues(self.jitter)
        self.pull = self.cues.pull
        self.open = self.jitter.open
        self.duck, self.hold, self.resume = self.cues.duck, self.cues.hold, self.jitter.resume
        self.drops = 0  # how often sound was dropped: who has taken some ahead is to drop it, too
        self._draft = 0
        self._cut = (0, 0)  # a draft, and the position at which all drafts before it were dropped
        self._placed: list[Placed] = []
        self._announced = 0
        self._rest: Int16 = np.zeros(0, np.int16)
        self._rest_peak = 0
        self._resampler = Resampler(self._rate_hz, self._rate_hz)  # until there is a clause

    def stats(self) -> list[BufferFill]:
        """What waits between the voice and the loudspeaker, in order; a loss of the jitter buffer is a gap.

        It adds no time: the first part of a clause is longer than the usual target (0023).
        """
        ms, jitter = 1000 / self._rate_hz, self.jitter
        ahead = jitter_sound(jitter.capacity * ms / 1000)
        return [
            PART.filled(len(self._rest) * ms, self._rest_peak * ms),
            ahead.filled(round(jitter.waiting * ms), round(jitter.peak * ms), jitter.underruns),
            self.cues.stats(),
        ]

    def voice_resampler(self) -> BufferFill:
        """What the filter holds of the clause that is being said; its end lets all of it out."""
        return self._resampler.stats("voice", adds=False)

    def begin(self, draft: int) -> None:
        """A new reply, held back until `open(draft)`; what was known of the one before is forgotten."""
        self.jitter.begin(draft)
        self._draft = draft
        self._placed = []
        self._announced = 0
        self._rest = np.zeros(0, np.int16)

    def feed(self, chunks: Iterator[SpokenChunk]) -> bool:
        """Take chunk after chunk, as far as credit allows; say whether all are through.

        Credit is the room in the jitter buffer. Chunks of one clause are its parts. No chunk is asked for
        before all of the one before is pushed.
        """
        while self._pump():
            chunk = next(chunks, None)
            if chunk is None:
                return True
            if self._placed and self._placed[-1].clause == chunk.clause:
                self._go_on(chunk)
            else:
                self._load(chunk)
        return False

    def _load(self, chunk: SpokenChunk) -> None:
        """Take the next clause, or its first part."""
        # A resampler for each clause: they begin and end in silence, and nothing is held back for the next.
        self._resampler = Resampler(chunk.rate_hz, self._rate_hz)
        self._rest = self._resampled(chunk)
        begin = self.jitter.pushed
        ends = tuple(begin + end * self._rate_hz // chunk.rate_hz for end in chunk.word_ends)
        self._placed.append(Placed(chunk.clause, begin, self._audible(), self._end_of(chunk), ends))

    def _go_on(self, chunk: SpokenChunk) -> None:
        """Take a later part of the clause that was loaded last."""
        self._rest = self._resampled(chunk)
        placed = self._placed[-1]
        audible = self._audible() if placed.audible == self.jitter.pushed else placed.audible
        self._placed[-1] = replace(placed, audible=audible, end=self._end_of(chunk))

    def _resampled(self, chunk: SpokenChunk) -> Int16:
        sound = to_int16(self._resampler.push(to_float(chunk.samples), last=not chunk.to_come))
        self._rest_peak = max(self._rest_peak, len(sound))
        return sound

    def _audible(self) -> int:
        """Position at which `_rest` begins to be audible; its end where nothing of it is."""
        return self.jitter.pushed + first_audible(to_float(self._rest), self._rate_hz)

    def _end_of(self, chunk: SpokenChunk) -> int:
        """Position at which the clause ends whose newest part is in `_rest`."""
        return self.jitter.pushed + len(self._rest) + chunk.to_come * self._rate_hz // chunk.rate_hz

    def _pump(self) -> bool:
        """Push as much as credit allows; say whether the chunk is through."""
        count = min(len(self._rest), self.jitter.room)
        if count and not self.jitter.push(self._rest[:count], self._draft):
            count = len(self._rest)  # the reply was dropped: there is nothing left to move
        self._rest = self._rest[count:]
        return not len(self._rest)

    def due_s(self, now: float) -> float:
        """Seconds until there is something to do: sound to push, a clause that begins, or an end."""
        position, due = self._position(now), []
        if len(self._rest):
            wanted = min(len(self._rest), self.jitter.capacity // 2)  # push when half of the buffer is free
            due.append(wanted - self.jitter.room)
        else:
            due.append(self.jitter.pushed - position)
        if self._announced < len(self._placed):
            due.append(self._placed[self._announced].audible - position)
        return min(due) / self._rate_hz

    def forget(self) -> None:
        """Forget the clauses so far, whose sound goes on, so that a text without end takes no more memory."""
        self._placed, self._announced = [], 0

    def finish(self) -> None:
        """No clause will follow in this reply."""
        self.jitter.finish()

    def drop(self, before: int, now: float) -> None:
        """Fall silent and refuse the rest of every draft before this one."""
        self.cues.drop()
        self._cut = (before, self._position(now))  # a reply that was cut earlier stays cut there
        self.jitter.drop(before)
        self.drops += 1

    def _position(self, now: float) -> int:
        before, cut = self._cut
        return cut if self._draft < before else self.jitter.position_at(now)

    def begun(self, now: float) -> list[Clause]:
        """Clauses that have begun to sound since the last call."""
        heard = self._position(now)
        fresh = [placed for placed in self._placed[self._announced :] if placed.audible < heard]
        self._announced += len(fresh)
        return [placed.clause for placed in fresh]

    def word_ends_at(self, clause: Clause) -> tuple[float, ...]:
        """When each spoken word of a clause that sounds ends, s, if nothing holds it.

        Only the last one's end where the voice does not tell those of the others.
        """
        beat = self.jitter.heartbeat
        found = (placed.word_ends or (placed.end,) for placed in self._placed if placed.clause == clause)
        ends = next(found, ())
        return tuple(beat.at + (end - beat.position) / self._rate_hz for end in ends)

    def first_sound_at(self) -> float | None:
        """When the first audible sample of this reply left the loudspeaker, s; None while it has not."""
        if not self._placed:
            return None
        first, starts = self._placed[0].audible, self.jitter.starts
        before, cut = self._cut
        end = cut if self._draft < before else self.jitter.pulled
        began = [start for start in starts if start.position <= first]
        if not began or first >= end:
            return None
        return began[-1].at + (first - began[-1].position) / self._rate_hz

    def done(self, now: float) -> bool:
        """Whether every clause has sounded to its end."""
        dropped = self._draft < self._cut[0]
        return not dropped and not len(self._rest) and self.jitter.position_at(now) >= self.jitter.pushed

    def audible(self, at: float, tail_s: float) -> bool:
        """Whether the loudspeaker sounded at time `at`, or up to `tail_s` before it."""
        jitter, cues = self.jitter, self.cues
        if (jitter.sounding and jitter.began.at <= at) or (cues.sounding and cues.began_at <= at):
            return True
        # if this sound began only after `at`, `ended_at` is the end of the sound before it
        return at < max(jitter.ended_at, cues.ended_at) + tail_s

    @property
    def pulled(self) -> int:
        """Position of the first sample that the loudspeaker has not taken."""
        return self.jitter.pulled

    @property
    def complete(self) -> bool:
        """Whether all of the newest reply waits or has been taken."""
        return self.jitter.complete

    @property
    def on_hold(self) -> bool:
        """Whether the loudspeaker was asked to be silent and to keep what waits."""
        return self.jitter.on_hold

    @property
    def waiting_s(self) -> float:
        """Sound that the loudspeaker could take now, s; what is held back counts, too."""
        return self.jitter.waiting / self._rate_hz

    @property
    def sounding(self) -> bool:
        """Whether a reply or a cue sounds, as of the last block."""
        return self.jitter.sounding or self.cues.sounding

    def heard(self, now: float) -> str:
        """The words that have sounded by now: by their ends, or by the share of their clause's time."""
        position = self._position(now)
        return " ".join(word for placed in self._placed for word in placed.words_until(position))

    def follow(self, reported: Callable[[float], int] | None) -> None:
        """Audio thread: believe this about what has sounded; None: the times of the blocks."""
        self.jitter.reported = reported

    def sounds_at(self, position: int, at: float) -> None:
        """Audio thread: of what the loudspeaker has taken, the sample at `position` sounds at time `at`."""
        self.jitter.heartbeat = Heartbeat(position, at)
