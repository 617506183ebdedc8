"""Clause text -> sound: what every voice promises, and what its file gives.

Voice ── Synthesizer    Piper, in parts                                   (synthesize.py)
      ── StreamedVoice  sound of a command of the user's, or of a server  (streamed_voice.py)
      ── GuardedVoice   a server that may fail, and a stand-in            (elsewhere/guarded_voice.py)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from voicecli.config import SynthesizeConfig
    from voicecli.messages import Int16
    from voicecli.models.store import ModelStore


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
        """Rate of the samples it gives, Hz."""
        ...

    @property
    def language(self) -> str:
        """ISO 639-1 code of what it speaks in most replies; text is worded by the rules of this language."""
        ...

    @property
    def languages(self) -> frozenset[str] | None:
        """Codes of all languages that it speaks, `language` among them; it tells by the text which one.

        None: it does not list them, and a talk counts on `language` alone.
        """
        ...

    def say(self, text: str) -> Iterator[Piece]:
        """Give the clause piece by piece, from its first sound on; none where nothing is said.

        Raises EngineError when the voice fails on this text.
        """
        ...


class VoiceEngine(Protocol):
    """What the file of a voice gives besides its classes: two functions."""

    def languages(self, config: SynthesizeConfig, store: ModelStore) -> frozenset[str] | None:
        """Tell, without loading it, the `languages` of a voice that `load` makes of these settings.

        Raises ModelError for what is missing.
        """
        ...

    def load(self, config: SynthesizeConfig, store: ModelStore) -> Callable[[], Voice]:
        """Load it, make the slow first call, and give what makes a voice for each talk.

        Raises ModelError for what is missing; ConfigError for a setting that it cannot serve; EngineError.
        """
        ...


def besides(voice: Voice) -> list[str]:
    """The languages that it speaks besides `language`, in the order of their codes."""
    return sorted((voice.languages or frozenset()) - {voice.language})


def sound_of(voice: Voice, text: str) -> Int16:
    """(n,) int16 at the voice's rate: all that it says. Raises EngineError."""
    pieces = [piece.samples for piece in voice.say(text)]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.int16)
