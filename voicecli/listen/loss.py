"""Samples that never came -> frames of silence in their place: speech around them stays one segment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.level import SILENCE_DBFS
from voicecli.messages import FRAME_S, FRAME_SAMPLES, RATE_HZ, Float32Frame, ScoredFrame

if TYPE_CHECKING:
    from collections.abc import Iterator

BRIDGED_S = 2.0
"""The longest loss that silence replaces. In a longer one the microphone was gone: the segment ends."""


def bridge(lost: int, frame: Float32Frame) -> Iterator[ScoredFrame]:
    """Silence for `lost` samples before `frame`, rounded up to whole frames; none for too long a loss."""
    if not 0 < lost <= BRIDGED_S * RATE_HZ:
        return
    for back in range(-(-lost // FRAME_SAMPLES), 0, -1):
        position, at = frame.position - back * FRAME_SAMPLES, frame.captured_at - back * FRAME_S
        yield ScoredFrame(Float32Frame(np.zeros(FRAME_SAMPLES, np.float32), position, at), 0.0, SILENCE_DBFS)
