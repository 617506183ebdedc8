"""Whether the microphone's sound can be understood: too loud for it, too soft, or nothing but a hum. Pure.

what it hears                                        what the user is told
full scale, again and again                          clipped: whatever is said is distorted
somebody, with a loudest tenth below SOFT_DBFS       too soft: words are missed
nobody, and a steady level of HUM_DBFS and more      a hum: a ground loop, or the wrong microphone

The user is told of each once in a talk, and never of a bang, a quiet room, a fan, music, or a person who
whispers once.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from voicecli.messages import FRAME_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.messages import Int16

FULL_SCALE = 32_700
"""Value from which on an int16 sample is at full scale: some converters end a little below 32767."""

RUN = 3
"""Samples at full scale in a row: a loud peak that just fits has one or two."""

CLIPPED_SHARE = 0.01
"""Share of such samples that makes a piece of sound clipped. Speech 12 dB too loud has a tenth."""

CLIPPED_S, CLIPPED_WITHIN_S = 1.0, 20.0
"""The user is told of CLIPPED_S of clipped pieces within CLIPPED_WITHIN_S. A bang or a knock lasts 0.2 s."""

SOFT_DBFS = -50.0
"""Whisper misses words of speech whose loudest parts are softer (0012)."""

SOFT_S = 5.0
"""s of speech after which it is told that all of it was soft. A choice: one whispered sentence is shorter."""

HUM_DBFS = -45.0
"""dBFS. From this steady level on the user is told of a hum: quiet rooms and fans are softer. A choice."""

HUM_DB = 3.0
"""Most dB between the softest and the loudest tenth of a hum. Pink noise has some 2, music more than 6."""

HUM_S = 15.0
"""s of a hum after which the user is told."""


class MicrophoneSense:
    """What the sound so far shows. For one thread."""

    def __init__(self, name: Callable[[], str], tell: Callable[[str, str], None]) -> None:
        """`name` gives the microphone's; `tell` is called with what is wrong and the remedy."""
        self._name = name
        self._tell = tell
        self._pieces: deque[tuple[float, bool]] = deque()  # s of each, and whether it is clipped
        self._heard_s = self._clipped_s = 0.0  # of all these pieces, and of the clipped ones
        self._told_clipped = False
        self._spoken: list[float] | None = []  # levels of speech
        self._steady: list[float] | None = []  # levels, while nobody was heard

    def chunk(self, samples: Int16, seconds: float) -> None:
        """Take (n, channels) int16 as the device delivered them, n > 0; so many seconds."""
        if self._told_clipped:
            return
        full = (samples >= FULL_SCALE) | (samples <= -FULL_SCALE)
        runs = np.logical_and.reduce([full[at : len(full) - RUN + 1 + at] for at in range(RUN)])
        clipped = bool(runs.size) and float(runs.mean(axis=0).max()) >= CLIPPED_SHARE
        self._pieces.append((seconds, clipped))
        self._heard_s, self._clipped_s = self._heard_s + seconds, self._clipped_s + seconds * clipped
        while self._heard_s > CLIPPED_WITHIN_S:
            oldest_s, was_clipped = self._pieces.popleft()
            self._heard_s, self._clipped_s = (
                self._heard_s - oldest_s,
                self._clipped_s - oldest_s * was_clipped,
            )
        if self._clipped_s >= CLIPPED_S:
            self._told_clipped = True
            self._tell(
                f"the microphone {self._name()!r} is too loud: its sound is clipped, and words are lost",
                "turn down its level in the sound settings of this computer, or move away from it",
            )

    def frame(self, level_dbfs: float, *, speaking: bool) -> None:
        """Take the level of the next frame; `speaking`: the gate finds that somebody speaks in it."""
        if speaking:
            self._steady = None
            self._speech(level_dbfs)
        elif self._steady is not None:
            self._steady.append(level_dbfs)
            if len(self._steady) * FRAME_S >= HUM_S:
                levels, self._steady = self._steady, []
                self._hum(levels)

    def _speech(self, level_dbfs: float) -> None:
        if self._spoken is None:
            return
        self._spoken.append(level_dbfs)
        if len(self._spoken) * FRAME_S < SOFT_S:
            return
        loudest = float(np.quantile(self._spoken, 0.9))
        self._spoken = None
        if loudest < SOFT_DBFS:
            self._tell(
                f"the microphone {self._name()!r} hears you very softly ({loudest:.0f} dBFS)",
                "words may be missed: come closer, turn it up, or choose another: voicecli devices --meter",
            )

    def _hum(self, levels: list[float]) -> None:
        softest, middle, loudest = np.quantile(levels, (0.1, 0.5, 0.9))
        if middle >= HUM_DBFS and loudest - softest <= HUM_DB:
            self._steady = None
            self._tell(
                f"the microphone {self._name()!r} hears only a steady noise ({middle:.0f} dBFS)",
                "switch off what hums, or choose another microphone: voicecli devices --meter",
            )
