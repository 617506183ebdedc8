"""Level of each frame -> the gain with which the voice activity detector hears it. Pure.

Silero recognises speech from -10 to -45 dBFS; at -60 it recognises no voice, and at -50 no whisper. So the
gain turns up what stands out from the room, to a level that Silero knows. It never turns up the room itself:
it would have to turn that down again when a whisper begins, and the whisper would sound to Silero like more
of the noise. Measured: docs/decisions/0012.
"""

from __future__ import annotations

from voicecli.listen.gate.noise_floor import NoiseFloor
from voicecli.messages import FRAME_S

HEARD_DBFS = -35.0
"""The gain brings the loudest frames of soft speech to this."""

MOST_DB = 36.0
"""The most gain: below -71 dBFS even a quiet microphone gives mostly its own noise."""

STANDS_OUT_DB = 6.0
"""A frame this far above the noise floor is a sound, and may be speech: the default of `segment.snr_db`. The
level of a room wavers by 2 dB or so from frame to frame."""

FALL_DB_S = 30.0
"""How fast the loudest level is forgotten while sounds go on: softer ones may be another person."""

HELD_S = 1.0
"""The gain stays for this long after the last sound. A later sound sets it anew."""


class Gain:
    """The gain for each frame; faint sound is turned up, loud sound is left as it is."""

    def __init__(self, room_dbfs: float | None = None) -> None:
        """`room_dbfs`: what is known of the room before the first frame."""
        self._floor = NoiseFloor()
        if room_dbfs is not None:
            self._floor.dbfs = room_dbfs
        self._loudest = HEARD_DBFS
        self._since_s = HELD_S  # seconds since the last sound

    def update(self, level_dbfs: float, *, speech: bool) -> float:
        """Factor, at least 1, for the samples of a frame of this level.

        `speech`: the frame before was likely speech, so the noise floor learns nothing from this one.
        """
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
