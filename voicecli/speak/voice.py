"""Clause text -> sound: what every voice promises.

Voice ── Synthesizer    Piper, in parts                                   (synthesize.py)
      ── StreamedVoice  sound of a command of the user's, or of a server  (streamed_voice.py)
      ── GuardedVoice   a server that may fail, and a stand-in            (elsewhere/guarded_voice.py)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.messages import Int16


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a clause as sound."""

    samples: Int16
    """(n,) at the voice's rate, n > 0."""
    to_come: int = 0
    """Samples of the same clause that follow; an estimate if another sentence follows. 0: this is the end."""
    word_ends: tuple[int, ...] = ()
    """With the first piece of a clause: samples to the end of each of its spoken words; none where the voice
    does not tell."""


class Voice(Protocol):
    """One talk's voice. One call at a time."""

    @property
    def rate_hz(self) -> int:
        """Of the samples it gives, Hz."""
        ...

    @property
    def language(self) -> str:
        """ISO 639-1 code of what it speaks."""
        ...

    def say(self, text: str) -> Iterator[Piece]:
        """Give the clause piece by piece, from its first sound on; none where nothing is said.

        Raises EngineError when the voice fails on this text.
        """
        ...


def sound_of(voice: Voice, text: str) -> Int16:
    """(n,) int16 at the voice's rate: all that it says. Raises EngineError."""
    pieces = [piece.samples for piece in voice.say(text)]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.int16)
