"""A sound over the agent's voice -> whether the agent goes on, speaks softly or falls silent. Pure.

    barge-in   when                                              the agent is
    on         with headphones, or the echo is cancelled         soft and silent after a few frames
    strict     the echo is still being learnt                    silent after more of them, and louder ones
    off        nothing cancels the echo, or nothing can          not to be stopped: half duplex

What a canceller leaves of the agent's own voice is soft and short; a person who wants the floor is neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from voicecli.listen.residual import EchoState

BargeIn: TypeAlias = Literal["on", "strict", "off"]
Response: TypeAlias = Literal["ignore", "duck", "hold"]


@dataclass(frozen=True, slots=True)
class _Bar:
    duck_frames: int
    hold_frames: int
    """Frames of speech in a row."""
    above_db: float
    """Level of the newest above the noise floor."""


_ALONE = _Bar(1, 2, 0.0)
"""Nothing but the user is in the microphone. No frame of 20 made-up keys, coughs and doors passed for speech,
and a third frame would be waited for in vain by all of 12 clips of speech (Silero v6)."""
_CANCELLED = _Bar(3, 4, 9.0)
_LEARNING = _Bar(6, 9, 18.0)
"""Until the echo is learnt, 0.3 s of speech clearly louder than what is left of the echo."""


SETTLE_S = 0.8
"""When a voice begins to sound, the canceller may have to find its way through the room anew."""


def barge_in(echo: EchoState | None, *, headphones: bool) -> BargeIn:
    """How readily the agent can be stopped; `echo` is None where nothing cancels it."""
    if headphones:
        return "on"
    if echo is None or not echo.coping:
        return "off"
    return "on" if echo.converged else "strict"


def response(
    echo: EchoState | None,
    *,
    headphones: bool,
    audible: bool,
    sounding_s: float,
    frames: int,
    above_db: float,
) -> Response:
    """What the agent, audible for `sounding_s`, does about a sound over it.

    The sound is `frames` frames of speech in a row, the newest `above_db` over the noise floor.
    """
    mode = barge_in(echo, headphones=headphones)
    if mode == "off" or not audible:
        return "ignore"
    learnt = mode == "on" and sounding_s >= SETTLE_S
    bar = _ALONE if headphones else _CANCELLED if learnt else _LEARNING
    if above_db < bar.above_db or frames < bar.duck_frames:
        return "ignore"
    return "hold" if frames >= bar.hold_frames else "duck"
