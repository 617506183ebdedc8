"""What was spoken and what was played, sample by sample -> when each began and ended, by level.

A check on the program's own figures that knows nothing of how the program made them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.level import first_audible, frame_levels_dbfs, to_float

if TYPE_CHECKING:
    from voicecli.clock import Clock
    from voicecli.messages import Float32, Int16

BELOW_LOUDEST_DB = 35.0
"""The last sounds of a sentence are up to so much softer than its loudest."""

SPEECH_FLOOR_DBFS = -42.0
"""What is softer is breath and room."""


class Tape:
    """Keeps both wires until they are asked for, and counts the blocks that came too late.

    `write` belongs to the thread of the devices, everything else to one other.
    """

    def __init__(self, rate_hz: int, clock: Clock, latency_s: float) -> None:
        """A device of `latency_s` would have had to do without a block that is later than that."""
        self.rate_hz = rate_hz
        self.late = 0
        """Runs of blocks that came too late."""
        self._clock = clock
        self._latency_s = latency_s
        self._blocks: deque[tuple[Int16, Int16]] = deque()
        self._written = 0
        self._began: float | None = None
        self._is_late = False

    def write(self, spoken: Int16, played: Int16) -> None:
        """Keep one block, (n,) int16 each."""
        began = self._clock.now() - self._written / self.rate_hz
        # The earliest block shows when the stream began: none can come before it is due.
        self._began = began if self._began is None else min(began, self._began)
        late = began - self._began > self._latency_s
        self.late += late and not self._is_late
        self._is_late = late
        self._written += len(spoken)
        self._blocks.append((spoken, played))

    def take(self) -> tuple[Float32, Float32]:
        """What has been spoken and played since the last time, (n,) float32 each."""
        blocks = [self._blocks.popleft() for _ in range(len(self._blocks))]
        if not blocks:
            return np.zeros(0, np.float32), np.zeros(0, np.float32)
        spoken, played = (to_float(np.concatenate(wire)) for wire in zip(*blocks, strict=True))
        return spoken, played


@dataclass(frozen=True, slots=True)
class Heard:
    """One question and its answer on the wires."""

    gap_ms: float | None
    """From the end of the question to the first sound of the answer; below 10 ms it cannot be told apart.

    None where there was no answer, or where it began before the end."""
    cut_in: bool
    """The agent sounded while the user still spoke."""


def heard(spoken: Float32, played: Float32, rate_hz: int, device_s: float) -> Heard:
    """Look at both wires, (n,) float32, from before the question until after the answer.

    `device_s` is what lies between the wires and the air, both devices together. Raises ValueError when
    nothing was spoken.
    """
    began, ended = speech_bounds(spoken, rate_hz)
    # What sounds within the devices' own latency of the onset belongs to the turn before.
    if first_audible(played[began:ended], rate_hz) < ended - began:
        return Heard(None, cut_in=True)
    silent = first_audible(played[ended:], rate_hz)
    if ended + silent >= len(played):
        return Heard(None, cut_in=False)
    return Heard(round((silent / rate_hz + device_s) * 1000, 1), cut_in=False)


def speech_bounds(samples: Float32, rate_hz: int) -> tuple[int, int]:
    """First speech sample and the one after the last, to 10 ms. Raises ValueError when there is none."""
    frame = rate_hz // 100
    levels = frame_levels_dbfs(samples, frame)
    loud = np.flatnonzero(
        levels > max(SPEECH_FLOOR_DBFS, float(levels.max(initial=-100.0)) - BELOW_LOUDEST_DB)
    )
    if not loud.size:
        raise ValueError("nothing was spoken")
    return int(loud[0]) * frame, (int(loud[-1]) + 1) * frame
