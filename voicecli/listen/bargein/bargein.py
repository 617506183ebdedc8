"""A sound over the agent's voice -> whether the agent goes on, speaks softly or falls silent. Pure.

    barge-in   when                                              what stops the agent
    on         with headphones, or the echo is cancelled         speech that is louder than the echo can be
    strict     the echo is still being learnt, or is left        the same, but it must be louder still
    off        nothing cancels the echo, or the canceller        nothing: half duplex
               fails and the loudness of the echo is unknown

What the echo canceller leaves of the agent's voice may sound like speech. But then the microphone took
nothing that is louder than the echo of what was just played can be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from voicecli.listen.echo.residual import EchoState

BargeIn: TypeAlias = Literal["on", "strict", "off"]
Response: TypeAlias = Literal["ignore", "duck", "hold"]

HOLD_FRAMES = 2
"""The agent is held after this many frames of speech in a row. To wait for a third would keep nothing out: no
frame of 20 made-up keys, coughs and doors passed for speech (Silero v6). And all of 12 clips of speech
would be held later, for nothing."""


def barge_in(echo: EchoState | None, *, headphones: bool) -> BargeIn:
    """How readily speech stops the agent; `echo` is None where nothing cancels the agent's echo."""
    if headphones:
        return "on"
    if echo is None or not (echo.coping or echo.bounded):
        return "off"
    return "on" if echo.converged else "strict"


def response(mode: BargeIn, *, audible: bool, frames: int) -> Response:
    """What the agent, if it is `audible`, does about `frames` frames of somebody's speech in a row."""
    if mode == "off" or not audible or frames == 0:
        return "ignore"
    return "hold" if frames >= HOLD_FRAMES else "duck"
