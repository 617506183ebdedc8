"""What the ear can rely on: which devices are open, and whether the echo is removed. Tells what is wrong."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from voicecli.audio.level import SILENCE_DBFS, UNMUTED_DBFS, only_noise
from voicecli.devices.monitor import copy_notice
from voicecli.listen.bargein.bargein import barge_in
from voicecli.listen.bargein.onset import Onset
from voicecli.listen.echo.bands import STEP, Bands, band_levels
from voicecli.listen.microphone import MicrophoneSense
from voicecli.messages import FRAME_S, FRAME_SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from voicecli.audio.streams import AudioStreams
    from voicecli.config import AudioConfig
    from voicecli.listen.bargein.bargein import BargeIn
    from voicecli.listen.capture import Capture
    from voicecli.listen.echo.canceller import EchoCanceller
    from voicecli.listen.echo.residual import EchoState
    from voicecli.messages import Float32Frame

    Tell: TypeAlias = Callable[[str, str], None]
    """Called with what is wrong and the remedy; the user is to see both."""


FAINT_S = 8.0
"""s without anything as loud as speech, after which the user is told if it sounds like a muted microphone."""


class Hearing:
    """Watches the devices for the ear. For one thread; others may read `echo` and `barge_in`."""

    def __init__(
        self,
        streams: AudioStreams,
        capture: Capture,
        tell: Tell,
        canceller: EchoCanceller | None,
        audio: AudioConfig,
    ) -> None:
        self._streams = streams
        self._capture = capture
        self.sense = MicrophoneSense(lambda: streams.microphone.name, tell)
        self._tell = tell
        self._canceller = canceller
        self._onset = Onset()
        self._loudspeaker = streams.loudspeaker
        self.reopened = 0
        """How often the devices were opened again."""
        self._headphones = audio.headphones
        self._worn = ""  # name of the loudspeaker that is the user's headphones
        self._tail_s = audio.tail_ms / 1000
        self._wear()
        self._told_silent = False
        self._told_copy = ""  # name of the microphone that the user knows to copy the loudspeaker
        self._faint: list[float] | None = []  # levels, while nothing was as loud as speech
        self._told_half_duplex = audio.echo == "off" and not audio.headphones  # the user chose it

    def cancels_with(self, canceller: EchoCanceller | None) -> None:
        """Rely on another canceller, which knows nothing of the echo yet; None: there is none."""
        self._canceller = canceller

    def _wear(self) -> None:
        """Note the name of the headphones: the first loudspeaker that is not open in place of another."""
        if not self._loudspeaker.stands_in:
            self._worn = self._worn or self._loudspeaker.name

    @property
    def _on_ears(self) -> bool:
        here = not self._loudspeaker.stands_in and self._loudspeaker.name == self._worn
        return self._headphones and here

    @property
    def echo(self) -> EchoState | None:
        """How well the agent's voice is taken out of the microphone; None where nothing does it."""
        if self._canceller is None or not self._canceller.cancels:
            return None
        return self._canceller.state

    @property
    def barge_in(self) -> BargeIn:
        """Whether speech stops the agent."""
        return barge_in(self.echo, headphones=self._on_ears)

    @property
    def tail_s(self) -> float:
        """How long the microphone may hear the agent after it has fallen silent."""
        return 0.0 if self._on_ears else self._tail_s

    def over_echo_db(self, at: float) -> float:
        """How many dB the frame at time `at` is above the loudest possible echo: see `EchoCanceller`."""
        return math.inf if self._canceller is None else self._canceller.over_echo_db(at)

    def onset(self, frames: Sequence[Float32Frame]) -> int:
        """For how many steps of 10 ms a hiss goes on that no echo explains; 0 where there is none.

        `frames`: those that have come since the last call. They serve only where there is no canceller: its
        own steps are known sooner.
        """
        if self._canceller is not None:
            steps = self._canceller.steps()
        else:
            begins = range(0, FRAME_SAMPLES - STEP + 1, STEP)
            steps = [Bands(*band_levels(frame.samples[at : at + STEP])) for frame in frames for at in begins]
        return max((self._onset.push(step) for step in steps), default=0)

    def doubt(self) -> None:
        """Note that a sound taken for a person was perhaps an echo that has become louder."""
        if self._canceller is not None:
            self._canceller.doubt()

    def check(self, *, listens: bool, idle: bool = False) -> None:
        """Look after the devices. Raises DeviceError when one is gone.

        `listens`: the talk has begun; `idle`: nobody speaks.
        """
        for notice in self._streams.poll(idle=idle):
            self._tell(notice.message, notice.remedy)
            if notice == copy_notice(self._streams.microphone.name):
                self._told_copy = self._streams.microphone.name
        loudspeaker = self._streams.loudspeaker
        if loudspeaker is not self._loudspeaker:  # opened again
            self._loudspeaker = loudspeaker
            self.reopened += 1
            self._wear()
            if self._canceller is not None:
                self._canceller.forget()
        if listens:
            self._tell_half_duplex()
        self._tell_copy()

    def _tell_copy(self) -> None:
        """Tell once for each microphone that its sound shows it to be a copy of the loudspeaker."""
        name = self._streams.microphone.name
        if self._canceller is not None and self._canceller.copied and self._told_copy != name:
            self._told_copy = name
            notice = copy_notice(name)
            self._tell(notice.message, notice.remedy)

    def check_loudness(self, level_dbfs: float, speech_dbfs: float) -> None:
        """Take the level of the next frame; below `speech_dbfs` nothing is speech.

        The user is told once in a talk, and only if nothing has been loud enough since it began: a user who
        has been heard may be silent for long.
        """
        if self._faint is None:
            return
        self._faint.append(level_dbfs)
        if level_dbfs >= max(speech_dbfs, UNMUTED_DBFS):
            self._faint = None
        elif len(self._faint) * FRAME_S >= FAINT_S:
            levels, self._faint = self._faint, []
            if only_noise(levels, speech_dbfs) and max(levels) > SILENCE_DBFS:
                self._faint = None
                self._tell(
                    f"the microphone {self._streams.microphone.name!r} hears nothing as loud as speech yet",
                    "if you are speaking: unmute it, turn it up, or choose another: voicecli devices --meter",
                )

    def heard_somebody(self) -> None:
        """Note that somebody speaks, however softly: the microphone is not muted."""
        self._faint = None

    def check_silence(self) -> None:
        """Tell of digital silence, once in a talk: some drivers give zeros whenever nobody speaks."""
        if self._capture.silent and not (self._told_silent or self._told_copy):
            self._told_silent = True
            self._tell(
                f"the microphone {self._streams.microphone.name!r} delivers only digital silence",
                "unmute it, allow this program to use it, or choose another: voicecli devices",
            )

    def _tell_half_duplex(self) -> None:
        """Tell the user, once in a talk, why speech over the agent is not heard."""
        if self.barge_in == "off" and not self._told_half_duplex:
            self._told_half_duplex = True
            self._tell(
                "the microphone is off while the agent speaks: its echo cannot be told from your voice",
                "use headphones, or a softer loudspeaker",
            )
