"""The shortest file of a voice: a tone for each word. No settings name it; a test adds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.level import to_int16
from voicecli.messages import RATE_HZ
from voicecli.speak.voice import Piece

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from voicecli.config import SynthesizeConfig
    from voicecli.models.store import ModelStore

WORD = RATE_HZ // 4
"""Samples."""


def languages(config: SynthesizeConfig, store: ModelStore) -> None:
    """Tones are of no language."""


def load(config: SynthesizeConfig, store: ModelStore) -> Callable[[], ToneVoice]:
    """Give what makes a voice."""
    return lambda: ToneVoice(config.language, config.volume)


class ToneVoice:
    """As many tones as there are words, at once."""

    rate_hz = RATE_HZ
    languages = None

    def __init__(self, language: str, volume: float) -> None:
        self.language = language
        self._volume = volume

    def say(self, text: str) -> Iterator[Piece]:
        """Give the clause as one piece."""
        if words := [word for word in text.split() if any(map(str.isalnum, word))]:
            at = np.arange(len(words) * WORD)
            envelope = np.sin(np.pi * (at % WORD) / WORD)
            tone = self._volume * envelope * np.sin(2 * np.pi * 440.0 * at / RATE_HZ)
            yield Piece(to_int16(tone.astype(np.float32)))
