"""Samples that the user spoke and the agent played -> the gap between question and answer, by level alone.

The bench checks the program's own figures with it, because it uses nothing but samples and their times. A
"wire" is the sound to one device or from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.level import frame_levels_dbfs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voicecli.messages import Float32

BELOW_LOUDEST_DB = 35.0
"""A sound counts as speech if it is at most this far below the loudest 10 ms: a sentence may end softly."""

SPEECH_FLOOR_DBFS = -42.0
"""Below this level there is no speech, only breath and the room."""

AUDIBLE_DBFS = -50.0
"""10 ms of the agent's sound above this count as heard."""


@dataclass(frozen=True, slots=True)
class Wire:
    """Samples that the user spoke, or that the loudspeaker played, and when they were spoken or sounded."""

    samples: Float32
    """(n,) float32 in [-1, 1], mono."""
    rate_hz: int
    starts: NDArray[np.int64]
    """Index of the first sample of each block, rising from 0."""
    times: NDArray[np.float64]
    """When that first sample was spoken, or sounded, s."""

    def time_of(self, positions: NDArray[np.int64]) -> NDArray[np.float64]:
        """When the samples at these positions were spoken, or sounded, s."""
        block = np.searchsorted(self.starts, positions, side="right") - 1
        times: NDArray[np.float64] = self.times[block] + (positions - self.starts[block]) / self.rate_hz
        return times


@dataclass(frozen=True, slots=True)
class OnTheWires:
    """One question and its answer, as the samples show them."""

    gap_ms: float | None
    """From the end of the question to the first sound of the answer.

    None where there was no answer, or where it began before the end."""
    cut_in: bool
    """The agent sounded while the user still spoke."""


def heard(spoken: Wire, played: Wire) -> OnTheWires:
    """Measure the gap. Both wires must begin before the question and end after the answer begins.

    Raises ValueError when nothing was spoken.
    """
    first, end = speech_bounds(spoken.samples, spoken.rate_hz)
    began, ended = (float(at) for at in spoken.time_of(np.array([first, end - 1])))
    ended += 1 / spoken.rate_hz
    frame = played.rate_hz // 100
    loud = np.flatnonzero(frame_levels_dbfs(played.samples, frame) > AUDIBLE_DBFS) * frame
    sounds = played.time_of(loud) if loud.size else np.zeros(0)
    if ((began <= sounds) & (sounds < ended)).any():
        return OnTheWires(None, cut_in=True)
    after = sounds[sounds >= ended]
    return OnTheWires(round((float(after[0]) - ended) * 1000, 1) if after.size else None, cut_in=False)


def speech_bounds(samples: Float32, rate_hz: int) -> tuple[int, int]:
    """First speech sample and the one after the last, to 10 ms. Raises ValueError when there is none."""
    frame = rate_hz // 100
    levels = frame_levels_dbfs(samples, frame)
    floor = max(SPEECH_FLOOR_DBFS, float(levels.max(initial=-100.0)) - BELOW_LOUDEST_DB)
    loud = np.flatnonzero(levels > floor)
    if not loud.size:
        raise ValueError("nothing was spoken")
    return int(loud[0]) * frame, (int(loud[-1]) + 1) * frame
