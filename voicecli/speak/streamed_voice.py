"""Sound in pieces of any size -> the pieces of a clause: what voices outside this process share."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Protocol

import numpy as np

from voicecli.audio.level import FULL_SCALE, first_audible, to_float, to_int16
from voicecli.audio.recordings.wavpipe import NoWavError, WavPipe
from voicecli.speak.synthesize import HISS_LSB, LEAD_S
from voicecli.speak.voice import Piece

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from voicecli.errors import EngineError
    from voicecli.messages import Int16

MOST_S = 120.0
"""Most sound for one clause; the longest clauses take half a minute."""
MOST_BYTES = 1 << 27
"""Most bytes for one clause: more than MOST_S of sound takes, in stereo, at any rate."""

LETTERS_A_SECOND = 15.0
"""The pace of usual speech: where nothing tells how long a clause will sound, this does."""

PIECE_S = 0.05
"""The shortest piece but the last: sound may come a few milliseconds at a time."""
END_S = 0.01
"""Sound held back until it is known whether more comes, because a piece tells whether it is the last."""


class ClauseSource(Protocol):
    """Says clauses, as sound of one rate."""

    @property
    def rate_hz(self) -> int:
        """Of what `sounds` gives, Hz."""
        ...

    @property
    def language(self) -> str:
        """ISO 639-1 code of what it speaks."""
        ...

    @property
    def volume(self) -> float:
        """How loud it is to be; 1 leaves it as it is."""
        ...

    def sounds(self, text: str) -> Generator[tuple[Int16, int | None], None, None]:
        """Give (n,) int16 at `rate_hz` as it comes, n >= 0, with the samples to come; None if not known.

        Raises EngineError.
        """
        ...


class StreamedVoice:
    """A voice outside this process, for one talk."""

    def __init__(self, source: ClauseSource) -> None:
        self.rate_hz = source.rate_hz
        self.language = source.language
        self.languages = frozenset({source.language})
        self._source = source
        self._noise = np.random.default_rng(0)

    def say(self, text: str) -> Generator[Piece, None, None]:
        """Give the clause as it comes, without the silence in front; none where there is nothing to say.

        Raises EngineError: see `ClauseSource.sounds`.
        """
        if not any(char.isalnum() for char in text):
            return
        held, begun, given = np.zeros(0, np.int16), False, 0
        least, end = round(PIECE_S * self.rate_hz), round(END_S * self.rate_hz)
        expected = round(len(text) / LETTERS_A_SECOND * self.rate_hz)
        with closing(self._source.sounds(text)) as sounds:
            for sound, left in sounds:
                held = np.concatenate((held, sound))
                if not begun:
                    held, begun = self._from_begin(held)
                if begun and held.size >= least + end:
                    piece, held = held[:-end], held[-end:]
                    given += piece.size
                    to_come = expected - given if left is None else left
                    yield Piece(self._levelled(piece), max(to_come, 0) + end)
        if begun and held.size:
            yield Piece(self._levelled(held))

    def _from_begin(self, held: Int16) -> tuple[Int16, bool]:
        """The sound from LEAD_S before its first audible sample on, and True.

        As long as no sample is audible: the newest sound, which may become that lead, and False.
        """
        lead = round(LEAD_S * self.rate_hz)
        audible = first_audible(to_float(held), self.rate_hz)
        if audible < held.size:
            return held[max(0, audible - lead) :], True
        return held[max(0, held.size - lead - self.rate_hz // 100) :], False

    def _levelled(self, sound: Int16) -> Int16:
        """Bring (n,) int16 to the volume of the settings, with the noise that Piper's voices have, too."""
        hiss = self._noise.normal(0.0, HISS_LSB / FULL_SCALE, sound.size).astype(np.float32)
        return to_int16(to_float(sound) * np.float32(self._source.volume) + hiss)


def wav_sounds(
    blocks: Iterable[bytes], wrong: Callable[[str], EngineError], gives: str
) -> Iterator[tuple[Int16, int, int | None]]:
    """Read a WAV that comes in blocks: (n,) int16, their rate, and the samples to come; None if not known.

    `wrong` makes the error of what was found; `gives` begins it, such as "it prints". Raises that error for
    what is no WAV, and for more than MOST_S of sound.
    """
    pipe, samples, came = WavPipe(), 0, False
    try:
        for block in blocks:
            came = True
            sound = pipe.push(block)
            if not pipe.rate_hz:
                continue
            samples += sound.size
            if samples > MOST_S * pipe.rate_hz:
                raise wrong(f"more than {MOST_S:g} s of sound for one clause")
            yield sound, pipe.rate_hz, pipe.left
    except NoWavError as error:
        raise wrong(f"{gives} {error}") from None
    if not pipe.rate_hz:
        raise wrong(f"{gives} no WAV" if came else f"{gives} nothing")
