"""Sound -> whether somebody speaks, and whether they have finished: what both models promise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from voicecli.messages import Float32, Float32Frame, ScoredFrame


class Detector(Protocol):
    """One microphone's voice activity detector: it remembers the frames before, if none is missing."""

    def begin(self, room_dbfs: float) -> None:
        """Begin anew: the next frame is the first of a recording in a room with a noise of `room_dbfs`."""
        ...

    def score(self, frame: Float32Frame, quiet_dbfs: float = -math.inf) -> ScoredFrame:
        """Give the frame its probability of speech, 0..1; a frame softer than `quiet_dbfs` gets 0."""
        ...


class TurnModel(Protocol):
    """Hears whether a turn is complete; remembers nothing, so all talks may share it."""

    @property
    def window_s(self) -> float:
        """How much of the end of a turn it hears, seconds."""
        ...

    def complete(self, samples: Float32) -> float:
        """Say how probable it is, 0..1, that a turn is complete: (n,) float32 at 16 kHz, up to the pause."""
        ...
