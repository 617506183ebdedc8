"""Frames -> how loud the microphone was, told at a low rate. Pure."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from voicecli import events
from voicecli.messages import FRAME_S

if TYPE_CHECKING:
    from voicecli.floor.facts import Frame
    from voicecli.floor.turns.exchange import Out

EVERY_S = 10.0
"""s of listening between two events."""


class Levels:
    """The levels since the last event."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._levels_dbfs: list[float] = []

    def take(self, frame: Frame) -> None:
        """Take the next frame."""
        levels = self._levels_dbfs
        levels.append(frame.level_dbfs)
        if len(levels) * FRAME_S >= EVERY_S:
            self._levels_dbfs = []
            self._out.tell(events.MicrophoneLevel(self._out.t, median(levels), max(levels)))
