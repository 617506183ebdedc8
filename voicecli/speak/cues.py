"""Cues as sound: a soft tone, or a short phrase, while the answer is to come.

    cue       play, # # # # # # # # .
    reply           ready, waits    . # # # # # #       from the next block on, and nothing of it is lost
    user                                                duck, hold, drop: a cue that sounds fades out at once

A cue lies beside the jitter buffer, not in it. Asked for while a reply sounds, it is lost.

Promises: `pull` never waits. Relies on: `keep` on the mouth's thread, `pull` on the audio thread, the rest on
the thread that runs the floor; each field has one writer.
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.convert import Resampler
from voicecli.audio.level import end_of_sound, level_dbfs, to_float, to_int16
from voicecli.speak.jitter import FADE_S
from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from voicecli.messages import Int16
    from voicecli.speak.jitter import JitterBuffer
    from voicecli.waiting.buffers import BufferFill

CUE = Buffer(
    "cue",
    "cues",
    1,
    "latest",
    "a cue begins with the loudspeaker's next block, and only the newest says what is going on; once a reply "
    "sounds, a cue is worth nothing",
)

TONE_DBFS = -30.0
"""Level of the tone over its whole length: some 10 dB softer than the voice. A choice."""

NOTES_HZ = (392.0, 523.25)
"""G4, then C5: a rising melody tells that something is to follow."""

NOTE_S = 0.07
"""s of each note: too short for the echo canceller to learn the echo from. From notes of 0.125 s it learnt an
echo 4 dB too soft, and took that of the next words for a person."""

END_DBFS, END_DB = -60.0, 40.0
"""A phrase ends with its last sound that is well above END_DBFS and at most END_DB below its loudest: see
`end_of_sound`. What follows is silence, and is cut off."""


class Cues:
    """Keeps cues, (n,) int16 at the loudspeaker's rate, and sounds one at a time while no reply does."""

    def __init__(self, jitter: JitterBuffer) -> None:
        self._jitter = jitter
        self._rate_hz = rate_hz = jitter.rate_hz
        self._tone = tone(rate_hz)
        self._phrases: dict[tuple[str, str], Int16] = {}
        self._replaced = 0
        self._wish: tuple[Int16] | None = None  # the floor's thread: a new object each time; None: silence
        # Audio thread:
        self._now: tuple[Int16] | None = None
        self._place = 0
        self.sounding = False
        """Whether one sounds, as of the last block."""
        self.began_at = self.ended_at = -math.inf
        self._fade = np.linspace(1.0, 0.0, round(FADE_S * rate_hz), dtype=np.float32)

    # ---- mouth

    def keep(self, language: str, text: str, samples: Int16, rate_hz: int, longest_s: float) -> bool:
        """Keep a phrase as the voice said it; False where it is empty, or longer than `longest_s`."""
        sound = to_float(samples)
        sound = sound[: end_of_sound(sound, rate_hz, END_DBFS, END_DB)]
        if not 0 < len(sound) <= longest_s * rate_hz:
            return False
        self._phrases[language, text] = to_int16(Resampler(rate_hz, self._rate_hz).push(sound, last=True))
        return True

    # ---- the thread that runs the floor

    def play(self, language: str, text: str) -> None:
        """Sound a phrase that was kept, else the tone, from the next block on, unless a reply has begun."""
        self._replaced += self._waits
        self._wish = (self._phrases.get((language, text), self._tone),)

    @property
    def _waits(self) -> bool:
        return self._wish is not None and self._wish is not self._now

    def stats(self) -> BufferFill:
        """Whether one waits; a loss is one that a newer one replaced."""
        return CUE.filled(int(self._waits), None, self._replaced)

    def drop(self) -> None:
        """Fall silent with a short fade."""
        self._wish = None

    def duck(self) -> None:
        """Somebody may be speaking: fall silent; a reply goes on softly."""
        self.drop()
        self._jitter.duck()

    def hold(self) -> None:
        """Somebody speaks: fall silent; of a reply nothing is lost."""
        self.drop()
        self._jitter.hold()

    # ---- audio thread

    def pull(self, block: Int16, at: float, device_ran_dry: bool) -> None:  # noqa: FBT001
        """Fill (n,) int16, whose first sample sounds at time `at`, with the reply or else with a cue."""
        self._jitter.pull(block, at, device_ran_dry, waits=self.sounding)
        wish = self._wish
        if self._jitter.sounding:
            self._now, self._place = wish, sys.maxsize  # it came too late
        elif wish is not self._now and self.sounding:
            self._end(block, at)
        else:
            if wish is not self._now:
                self._now, self._place = wish, 0
            self._add(block, at)

    def _add(self, block: Int16, at: float) -> None:
        rest = self._now[0][self._place :] if self._now is not None else ()
        if not len(rest):
            return
        if not self.sounding:
            self.began_at, self.sounding = at, True
        count = min(len(block), len(rest))
        block[:count] += rest[:count]
        self._place += count
        if count == len(rest):
            self.ended_at, self.sounding = at + count / self._rate_hz, False

    def _end(self, block: Int16, at: float) -> None:
        """Fade out what sounds; what was asked for instead begins with the next block."""
        if self._now is not None:
            rest = self._now[0][self._place : self._place + len(self._fade)]
            faded = rest * self._fade[: len(rest)]
            block[: len(rest)] += faded.astype(np.int16)
        self.ended_at, self.sounding = at + FADE_S, False


def tone(rate_hz: int) -> Int16:
    """Two soft notes, each from silence to silence: (n,) int16."""
    at = np.arange(round(NOTE_S * rate_hz)) / rate_hz
    rise = 0.5 - 0.5 * np.cos(2 * np.pi * at / NOTE_S)  # a raised cosine
    sound = np.concatenate([rise * np.sin(2 * np.pi * hz * at) for hz in NOTES_HZ]).astype(np.float32)
    return to_int16(sound * np.float32(10 ** ((TONE_DBFS - level_dbfs(sound)) / 20)))
