"""Level of frames -> how much the detector's ear is turned up for the next. Pure.

Silero knows speech from -10 to -45 dBFS; at -60 it takes no voice for one, and a whisper is lost at -50. So
what stands out from the room is turned up to where it knows it. The room itself never is: a whisper behind
noise that has been turned up, and is turned down with its onset, sounds like more of the noise.
"""

from __future__ import annotations

from voicecli.listen.gate.noise_floor import NoiseFloor
from voicecli.messages import FRAME_S

HEARD_DBFS = -35.0
"""The loudest frames of soft speech are turned up to this."""

MOST_DB = 36.0
"""And by no more than this: below -71 dBFS even a quiet microphone is mostly its own noise."""

STANDS_OUT_DB = 6.0
"""What is so far above the room is a sound, and may be somebody: as `segment.snr_db` has it. The frames of a
room waver by 2 dB or so."""

FALL_DB_S = 30.0
"""While sounds go on, what was loud is forgotten so fast: softer ones may be somebody else."""

HELD_S = 1.0
"""So long after the last sound the gain stays; then the next sound sets it by itself."""


class Gain:
    """The gain for each frame; faint sound is turned up, loud sound is left as it is."""

    def __init__(self, room_dbfs: float | None = None) -> None:
        """`room_dbfs`: what is known of the room before the first frame."""
        self._floor = NoiseFloor()
        if room_dbfs is not None:
            self._floor.dbfs = room_dbfs
        self._loudest = HEARD_DBFS
        self._since_s = HELD_S  # the last sound

    def update(self, level_dbfs: float, *, speech: bool) -> float:
        """Factor, at least 1, for the samples of a frame of this level; `speech`: of what came before it."""
        if not speech:
            self._floor.update(level_dbfs)
        if level_dbfs >= self._floor.dbfs + STANDS_OUT_DB:
            fresh = self._since_s >= HELD_S
            faded = level_dbfs if fresh else min(self._loudest, HEARD_DBFS) - FALL_DB_S * FRAME_S
            self._loudest = max(level_dbfs, faded)
            self._since_s = 0.0
        else:
            self._since_s += FRAME_S
            if self._since_s >= HELD_S:
                self._loudest = HEARD_DBFS
        return float(10 ** (min(MOST_DB, max(0.0, HEARD_DBFS - self._loudest)) / 20))
