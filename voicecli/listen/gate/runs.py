"""Which frames of a segment are speech -> its runs of speech, and where the last one begins. Pure."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from voicecli.messages import FRAME_S

if TYPE_CHECKING:
    from collections.abc import Sequence

SPAN_PAUSE_FRAMES = 6
"""0.2 s: a pause after which the user may change the language; most pauses inside a sentence are shorter."""


def spans(speech: Sequence[bool]) -> tuple[tuple[float, float], ...]:
    """Begin and end of each run of speech without a pause, seconds from the first frame."""
    spoken = [at for at, is_speech in enumerate(speech) if is_speech]
    ends = [at for at, after in pairwise(spoken) if after - at > SPAN_PAUSE_FRAMES] + spoken[-1:]
    begins = spoken[:1] + [after for at, after in pairwise(spoken) if after - at > SPAN_PAUSE_FRAMES]
    return tuple((begin * FRAME_S, (end + 1) * FRAME_S) for begin, end in zip(begins, ends, strict=True))


def last_run(speech: Sequence[bool], last: int, pause: int) -> int:
    """Index of the first frame after the last pause, of `pause` frames, before `last`; 0 without one."""
    quiet = 0
    for at in range(last, -1, -1):
        quiet = 0 if speech[at] else quiet + 1
        if quiet == pause:
            return at + pause
    return 0
