"""Level of frames -> level of the room while nobody speaks. Pure."""

from __future__ import annotations

from voicecli.messages import FRAME_S

START_DBFS = -70.0
"""A quiet room; speech in the very first frame must not be taken for the room."""

RISE_DB_S = 4.0
FALL_DB_S = 60.0
"""The floor rises slowly and falls fast, so it follows the quietest moments, not the mean."""

DIGITAL_DBFS = -95.0
"""No room is so quiet: this is a device that is starting, a noise gate, or a gap in a recording. The floor
learns nothing from it, or the room that follows would stand out for seconds as if somebody spoke."""


class NoiseFloor:
    """Level of the room while nobody speaks, dBFS."""

    def __init__(self) -> None:
        self.dbfs = START_DBFS

    def update(self, level_dbfs: float) -> None:
        """Learn from a frame without speech."""
        if level_dbfs > DIGITAL_DBFS:
            step = level_dbfs - self.dbfs
            self.dbfs += min(RISE_DB_S * FRAME_S, max(-FALL_DB_S * FRAME_S, step))
