"""How well the echo is removed, and how loud it can be: levels of what was played, heard, left -> EchoState.

A level is that of 10 ms, in dBFS. AEC3 does not say when only the agent speaks, so the levels must. The echo
rises and falls with the reference (what was played), some frames later; a person's voice does not. This file
judges the frames in which the reference was loud. It leaves out those louder than echo can be: there a person
speaks over the agent. The canceller fails only where what it leaves lies above the noise floor and still
follows the reference; a person's voice does not follow the reference.

Where the microphone follows the reference closely, nobody else spoke, and it shows how loud and how late the
echo is. Whatever is louder than that is a person, however well or badly the canceller does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.level import SILENCE_DBFS, level_dbfs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voicecli.messages import Float32

    Levels = NDArray[np.float64]

HISTORY = 400
"""Frames of 10 ms that are judged: long enough for two voices to differ, short enough to notice a change."""

LEAST = 50
"""Frames needed for the first judgement; to find that the canceller fails it takes `HISTORY`."""

EVERY = 10
"""Frames between two judgements (`_look`)."""

LAGS = 100
"""How many frames the echo may come after its reference: twice what AEC3 can find, so that an echo which
comes too late for AEC3 is noticed."""

RANGE_DB = 30.0
"""Levels further than this below the loudest do not show whether one sound follows another: they are raised
to this."""

LOUD_DB = 12.0
"""A frame of the reference is loud if it is at most this far below the 95th percentile of its levels."""

LEAST_DBFS = -60.0
"""A frame of the reference below this makes no echo worth judging."""

ENOUGH = 30
"""Loud frames needed for a judgement."""

ENOUGH_LATE = 150
"""Where there was no echo, one that seems to come later than `ECHO_BY` takes so many. A person who speaks
over the agent begins as late, and the agent is silent soon."""

STEADY = 20
ECHO_BY = 50
"""Where STEADY of the last ECHO_BY frames of the reference (0.5 s) were loud, the microphone hears their echo
by now, if there is one: no echo comes later."""

FOLLOWS = 0.5
"""If the levels of two sounds have at least this correlation, one follows the other. The voices of two people
reach it over 4 s in about 1 case of 100."""

ABOVE_DB = 6.0
"""A level this far above the one expected is more than chance."""

REMOVED_DB = 10.0
"""A canceller that removes so much has found the echo, whatever it leaves."""

DECAY_DB = 1.0
"""To learn how loud the echo is, the levels of reference and microphone are made to fall by at most so much a
frame. The echo in a room that reverberates for 0.6 s falls so slowly; this way it still follows its
reference."""

CLOSELY = 0.9
"""If such levels have at least this correlation, the microphone hears nothing but the echo. While only the
agent spoke it was 0.99 in a virtual room and 0.94 in one made of samples that reverberates for 0.7 s; while a
person spoke over the agent it was mostly below 0.6."""

SOON = 100
CLOSELY_SOON = 0.96
"""Until SOON frames are known, the correlation must be at least this: a person who has just begun to speak
over the agent may not show in it yet."""

FEW = 15
CLOSELY_FEW = 0.98
"""FEW loud frames are enough to learn the echo where the correlation is CLOSELY_FEW. A reply may begin with a
clause of 0.4 s: in six first replies in a virtual room beside a busy core 20 to 24 frames of it were loud,
with a correlation of 0.993 to 1.0. While ENOUGH frames were asked for, nothing was learnt from them, and in
three of the six the person who spoke over the next clause was not noticed (docs/decisions/0017)."""

LOUDER_DB = 1.0
"""A judgement may raise the loudness of the echo by at most so much, because a person may be speaking; it may
lower it by any amount."""

COPY_FOLLOWS, COPY_DB = 0.99, 3.0
"""With this correlation, and a level that differs by no more than this many dB, the "microphone" is a monitor
of the loudspeaker. One of PulseAudio's, which resampled twice, had 0.996 and -0.6 to -1.1 dB. It also gives
zeros between words, which no microphone does."""

EARLIER, LATER = 10, 12
"""The echo may come this many frames earlier or later than it was found last: sound servers move it by some
50 ms. The loudest of all these frames of the reference tells how loud the echo can be."""

BEYOND_ECHO_DB = 6.0
"""A frame this much above the loudest possible echo is a person. In a virtual room with echoes of -15 and
-6 dB the agent alone reached 4 dB (24 replies); people who spoke over it had 8 to 30 dB at once (10
times)."""

UNKNOWN_LATER = 50
UNKNOWN_DB = 10.0
"""Until the echo is known it may be this many frames later, and this many dB louder, than its reference."""

FAINT_DBFS = -65.0
"""What the canceller leaves below this counts for nothing, however quiet the room: a virtual one has no
noise."""

CAREFUL_DB = 4.0
"""A person must be so much louder still while the canceller fails."""

DOUBTED = 500
"""The first doubt about how loud the echo can be changes nothing; a second one within this many frames (5 s)
raises that bound (`louder`)."""


@dataclass(frozen=True, slots=True)
class EchoState:
    """What can be expected of the canceller now."""

    removed_db: float
    """How much of the echo is gone where only the agent speaks; 0 while nothing is known."""
    converged: bool
    """Since it began, or last failed, it has been seen to work, and the loudness of the echo has been learnt.
    Also true where there is no echo."""
    coping: bool
    """No echo is left above the noise floor. Stays as it was while somebody speaks over the agent."""
    bounded: bool
    """How loud the echo can be is known, whatever the canceller does."""


NOTHING_KNOWN = EchoState(0.0, converged=False, coping=True, bounded=False)


class Residual:
    """Judges the canceller by the levels of the last frames, every `EVERY` frames."""

    def __init__(self) -> None:
        # Rows: what was played, heard, left; the first two again, falling slowly. At first all is silence.
        self._levels: Levels = np.full((5, LAGS + HISTORY), SILENCE_DBFS)
        self._count = 0
        self._since = 0  # what came before is not looked at
        self._state = NOTHING_KNOWN
        self.absent = False
        """The microphone stays quiet while the agent speaks: there is nothing to remove. This is believed
        until an echo is learnt from all of `HISTORY`, or doubted twice (`louder`)."""
        self._path: tuple[int, float] | None = None
        """By how many frames the echo follows its reference, and how much louder it can be, dB."""
        self.copied = False
        """The microphone follows the loudspeaker too closely for sound in air, and has no noise of a room."""
        self._doubted_at = -DOUBTED
        self.alone: int | None = None
        """By how many frames the echo comes late, if the newest judgement found that only the agent spoke."""
        self.over_echo_db = math.inf
        """How far the newest frame of the microphone is above all that its echo can be; infinite where all
        that was played has died away."""

    def push(self, reference: Float32, heard: Float32, cleaned: Float32) -> EchoState:
        """Take the next 10 ms: what was played; what was heard, and what is left of that, both aligned."""
        number = self._count % (LAGS + HISTORY)
        self._levels[:3, number] = level_dbfs(reference), level_dbfs(heard), level_dbfs(cleaned)
        self._levels[3:, number] = np.maximum(
            self._levels[:2, number], self._levels[3:, number - 1] - DECAY_DB
        )
        self._count += 1
        self.alone = None
        if self._count - self._since >= LEAST and self._count % EVERY == 0:
            self._state = self._look()
        self.over_echo_db = float(self._levels[1, number]) - self._bound_dbfs()
        return self._state

    def louder(self, by_db: float) -> None:
        """Doubt the bound: a sound `by_db` above it ended just when the agent did, so it may be the echo.

        A person's short "yeah" may end just then by chance: only a second doubt within DOUBTED raises it.
        """
        if self._count - self._doubted_at < DOUBTED:
            self._since, self._state, self.absent = self._count, NOTHING_KNOWN, False
            if self._path is not None:
                lag, louder_db = self._path
                self._path = lag, min(UNKNOWN_DB, louder_db + by_db)
        self._doubted_at = self._count

    def _bound_dbfs(self) -> float:
        """The loudest that the echo can be in the newest frame."""
        lag, louder_db = self._path or (0, UNKNOWN_DB)
        later = LATER if self._path else UNKNOWN_LATER
        newest = self._count - 1
        played = np.arange(newest - lag - later, min(newest, newest - lag + EARLIER) + 1)
        played %= LAGS + HISTORY
        if float(self._levels[0, played].max()) < LEAST_DBFS:
            return -math.inf
        if self.absent:
            return SILENCE_DBFS
        if not self._state.coping:
            louder_db += CAREFUL_DB
        return float(self._levels[3, played].max()) + louder_db

    def _look(self) -> EchoState:
        state = self._state
        known = min(self._count - self._since, HISTORY)
        # Oldest first. What was played begins LAGS frames before the other rows.
        levels = np.roll(self._levels, -self._count, axis=1)[:, HISTORY - known :]
        reference, heard, cleaned = levels[0], levels[1, LAGS:], levels[2, LAGS:]
        threshold = max(LEAST_DBFS, float(np.percentile(reference, 95)) - LOUD_DB)
        floor = float(np.percentile(cleaned, 10))
        sounding = _sounding(reference > threshold)
        if np.count_nonzero(sounding) >= ENOUGH and np.percentile(heard[sounding], 95) < floor + ABOVE_DB:
            self.absent = True
            return EchoState(0.0, converged=True, coping=True, bounded=True)
        lag, follows = _lag(reference, heard)
        played = reference[LAGS - lag : LAGS - lag + known]
        loud = played > threshold
        if np.count_nonzero(loud) < FEW or follows < FOLLOWS:
            return state  # too little is known, or somebody else is louder
        few = np.count_nonzero(loud) < ENOUGH
        early = CLOSELY_SOON if self._count - self._since < SOON else CLOSELY
        # Where there was no echo, what seems to be one may be a person who began some time after the agent.
        least = ENOUGH if lag <= ECHO_BY else ENOUGH_LATE
        shown = not self.absent or (known == HISTORY and np.count_nonzero(loud) >= least)
        learnt = shown and self._learn(
            levels[3], levels[4, LAGS:], heard, threshold, CLOSELY_FEW if few else early
        )
        if few or (self.absent and not learnt):
            return state
        self.absent = False
        coupling = heard - played
        alone = loud & (coupling < float(np.median(coupling[loud])) + ABOVE_DB)
        removed = max(0.0, float(np.median(heard[alone] - cleaned[alone])))
        gone = float(np.percentile(cleaned[alone], 30)) < max(FAINT_DBFS, floor + ABOVE_DB)
        if not gone and known == HISTORY and float(_follows(played[np.newaxis], cleaned)[0]) > FOLLOWS:
            return EchoState(removed, converged=False, coping=False, bounded=self._path is not None)
        # Else what is left is a person who speaks, which tells nothing of the canceller.
        found = self._path is not None and (gone or removed > REMOVED_DB)
        return EchoState(removed, converged=True, coping=True, bounded=True) if found else state

    def _learn(
        self, played: Levels, falling: Levels, heard: Levels, threshold: float, closely: float
    ) -> bool:
        """Learn how late and how loud the echo is, if the microphone hears nothing else; tell whether so."""
        lag, follows = _lag(played, falling)
        if follows < closely:
            return False
        self.alone = lag
        around = np.lib.stride_tricks.sliding_window_view(
            np.pad(played, (LATER, EARLIER), constant_values=SILENCE_DBFS), LATER + 1 + EARLIER
        ).max(axis=1)[LAGS - lag : LAGS - lag + heard.size]
        loud = around > threshold
        if np.count_nonzero(loud) >= ENOUGH:
            louder_db = float(np.percentile((heard - around)[loud], 90))
            before_db = self._path[1] if self._path else math.inf
            self._path = lag, min(louder_db, before_db + LOUDER_DB)
            self.copied = (
                follows >= COPY_FOLLOWS
                and abs(self._path[1]) <= COPY_DB
                and float(np.percentile(heard, 5)) <= SILENCE_DBFS
            )
        return True


def _sounding(loud: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """For each frame but the first `LAGS`: whether an echo of what was `loud` would be heard by now."""
    count = np.concatenate(([0], np.cumsum(loud)))
    now, before = count[LAGS + 1 :], count[LAGS + 1 - ECHO_BY : -ECHO_BY]
    sounding: NDArray[np.bool_] = (now - before >= STEADY) & (before > 0)
    return sounding


def _lag(reference: Levels, heard: Levels) -> tuple[int, float]:
    """By how many frames `heard` follows `reference`, and how well: the largest correlation."""
    earlier = np.lib.stride_tricks.sliding_window_view(reference, heard.size)[LAGS:0:-1]
    found = _follows(earlier, heard)
    lag = int(np.argmax(found))
    return lag, float(found[lag])


def _follows(many: Levels, one: Levels) -> Levels:
    """Correlation of each row of levels with `one`, all cut off `RANGE_DB` below their loudest."""
    many = np.maximum(many, many.max() - RANGE_DB)
    one = np.maximum(one, one.max() - RANGE_DB)
    many, one = many - many.mean(axis=1, keepdims=True), one - one.mean()
    size = np.sqrt(np.sum(many**2, axis=1) * np.dot(one, one))
    together: Levels = many @ one / np.maximum(size, 1e-9)
    return together
