"""A scripted user: plays one recording after another to a talk on simulated devices."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from voicecli.devices.simulated import RecordedUser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from voicecli.cli.talk.any_talk import AnyTalk
    from voicecli.devices.simulated import SimulatedStreams
    from voicecli.messages import Int16
    from voicecli.system.clock import Clock

PAUSE_S = 1.0
"""s that the scripted user waits before the next line."""


class Script:
    """Says each line once the agent has answered the one before and `PAUSE_S` of quiet have passed."""

    def __init__(self, lines: Iterator[Iterator[Int16]], clock: Clock) -> None:
        self.user = RecordedUser()
        self._lines = lines
        self._clock = clock
        self._quiet_since: float | None = None

    def finished(self, talk: AnyTalk) -> bool:
        """Say the next line if it is time; give whether the last was answered. Call it again and again."""
        if not (self.user.finished and talk.idle):
            self._quiet_since = None
            return False
        now = self._clock.now()
        self._quiet_since = self._quiet_since or now
        if now - self._quiet_since < PAUSE_S:
            return False
        self._quiet_since = None
        line = next(self._lines, None)
        if line is not None:
            self.user.say(line)
        return line is None


@contextmanager
def simulated(
    tape: Path | None, block_ms: int, clock: Clock, *, stereo: bool
) -> Iterator[Callable[[Script, int], SimulatedStreams]]:
    """Give what makes devices for a script, at a rate; the WAV `tape` gets what they carry.

    If `stereo` it gets both sides, else what was played alone.
    """
    import numpy as np

    from voicecli.audio.recordings.files import WavWriter
    from voicecli.devices.simulated import SimulatedStreams

    with ExitStack() as stack:

        def devices(script: Script, rate_hz: int) -> SimulatedStreams:
            writer = None
            if tape is not None:
                writer = stack.enter_context(WavWriter(tape, rate_hz, channels=2 if stereo else 1))

            def keep(spoken: Int16, played: Int16) -> None:
                if writer is not None:
                    writer.write(np.stack((spoken, played), axis=1) if stereo else played)

            return SimulatedStreams(script.user, rate_hz, block_ms, clock, keep)

        yield devices
