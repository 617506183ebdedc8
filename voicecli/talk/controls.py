"""What keys ask of a talk: switches that are read where sound passes, and facts for the floor.

One thread turns the switches; any thread may read them. No method waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicecli.floor.facts import Pressed, Typed

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.audio.streams import OnOutput
    from voicecli.floor.facts import Fact
    from voicecli.messages import Int16
    from voicecli.system.clock import Clock


class Controls:
    """The switches of a talk. All are off at first; with push to talk the microphone is closed as well."""

    def __init__(self, clock: Clock, post: Callable[[Fact], None], *, push_to_talk: bool) -> None:
        self._clock = clock
        self._post = post
        self.push_to_talk = push_to_talk
        self.microphone_muted = False
        self.voice_muted = False
        self.open = not push_to_talk
        """Whether the talk key lets the microphone listen; always true without push to talk."""
        self._deaf = (push_to_talk, clock.now(), push_to_talk)  # deaf before a time? that time; deaf after?

    # ---- whoever reads the keys

    def mute_microphone(self) -> None:
        """Hear nothing from now on; or hear again."""
        self.microphone_muted = not self.microphone_muted
        self._turn()

    def mute_voice(self) -> None:
        """Let nothing of the agent be heard; or let it be heard again."""
        self.voice_muted = not self.voice_muted

    def talk(self, *, begins: bool, ago_s: float = 0.0) -> None:
        """With push to talk: the user begins to speak, which stops the agent, or has finished.

        `ago_s`: the key counts as pressed so long ago, because the sound is older than its news.
        """
        if not self.push_to_talk or begins == self.open:
            return
        if begins:
            self.press("talk")
        self.open = begins
        self._turn(ago_s)

    def press(self, key: str) -> None:
        """A key that the floor knows: `interrupt` and `talk` stop the agent, `repeat` has it say it again."""
        self._post(Pressed(key))

    def say(self, text: str) -> None:
        """Answer typed words as if they had been spoken."""
        if text.strip():
            self._post(Typed(text))

    def _turn(self, ago_s: float = 0.0) -> None:
        _, _, now = self._deaf
        self._deaf = (now, self._clock.now() - ago_s, self.microphone_muted or not self.open)

    # ---- the ear

    def deaf(self, at: float) -> bool:
        """Whether sound that met the microphone at time `at` is to be thrown away.

        What was said before the key was pressed is still on its way through the device, and counts.
        """
        before, until, since = self._deaf
        return before if at < until else since

    # ---- audio thread

    def over(self, play: OnOutput) -> OnOutput:
        """Fill blocks as `play` does, or with silence while the voice is muted; one block fades between."""
        gain = 1.0

        def muted(block: Int16, at: float, device_ran_dry: bool) -> None:  # noqa: FBT001  # as the device calls
            nonlocal gain
            play(block, at, device_ran_dry)
            before, gain = gain, float(not self.voice_muted)
            if before != gain:
                block[:] = block * np.linspace(before, gain, len(block), dtype=np.float32)
            elif gain == 0:
                block[:] = 0

        return muted
