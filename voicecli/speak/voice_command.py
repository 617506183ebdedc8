"""Clause text -> sound: a command of the user's that reads text and prints a WAV, both through pipes."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.level import FULL_SCALE, first_audible, to_float, to_int16
from voicecli.audio.recordings.wavpipe import NoWavError, WavPipe
from voicecli.command import Command
from voicecli.speak.synthesize import HISS_LSB, LEAD_S
from voicecli.speak.voice import Piece

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from voicecli.config import SynthesizeConfig
    from voicecli.messages import Int16
    from voicecli.models.store import ModelStore
    from voicecli.speak.voice import Voice

WARM = "Yes."
"""What the command says to show its rate: short, and a word or a name in many languages."""

MOST_S = 120.0
"""Most sound for one clause; the longest clauses take half a minute."""
_MOST_BYTES = 1 << 27
"""Most output for one clause: more than MOST_S of sound takes, in stereo, at any rate."""

LETTERS_A_SECOND = 15.0
"""The pace of usual speech: where the WAV's header does not tell how long a clause will sound, this does."""

PIECE_S = 0.05
"""The shortest piece but the last: programs may print a few milliseconds at a time."""
END_S = 0.01
"""Sound held back until it is known whether more comes, because a piece tells whether it is the last."""


def languages(config: SynthesizeConfig, store: ModelStore) -> frozenset[str]:
    """The language of the settings: a command does not tell which one it speaks."""
    return frozenset({config.language})


def load(config: SynthesizeConfig, store: ModelStore) -> Callable[[], Voice]:
    """Let the command say a word; give what makes a voice for each talk. Raises ConfigError, EngineError."""
    spoken = Spoken(Command("synthesize.command", config.command), config.language, config.volume)
    spoken.warm()
    return spoken.session


class Spoken:
    """What is known of a command as a voice, for all talks."""

    def __init__(self, command: Command, language: str, volume: float = 1.0) -> None:
        """`language` is the ISO 639-1 code of what it speaks; `volume` 1 leaves it as loud as it is."""
        self.command = command
        self.language = language
        self.volume = volume
        self.rate_hz = 0
        """0 until it is warm."""

    def warm(self) -> None:
        """Let it say a word, which tells its rate. Raises EngineError where no sound comes."""
        if not sum(sound.size for sound, _ in self.sounds(WARM)):
            raise self.command.error(f"it prints no sound for '{WARM}'")

    def session(self) -> CommandVoice:
        """Make the voice for one talk. Raises EngineError where it is not warm and no sound comes."""
        if not self.rate_hz:
            self.warm()
        return CommandVoice(self)

    def sounds(self, text: str) -> Iterator[tuple[Int16, int | None]]:
        """Give (n,) int16 at `rate_hz` as it comes, n >= 0, with the samples to come; None if not known.

        Raises EngineError as `Command.run` does, and where the output is no WAV, too long, or of another
        rate.
        """
        given = f"{' '.join(text.split())}\n".encode(errors="replace")
        pipe, samples, came = WavPipe(), 0, False
        try:
            with closing(self.command.run(given, _MOST_BYTES)) as printed:
                for block in printed:
                    came = True
                    sound = pipe.push(block)
                    if not pipe.rate_hz:
                        continue
                    self.rate_hz = self.rate_hz or pipe.rate_hz
                    if pipe.rate_hz != self.rate_hz:
                        raise self.command.error(f"its rate was {self.rate_hz} Hz and is {pipe.rate_hz}")
                    samples += sound.size
                    if samples > MOST_S * self.rate_hz:
                        raise self.command.error(f"more than {MOST_S:g} s of sound for one clause")
                    yield sound, pipe.left
        except NoWavError as error:
            raise self.command.error(f"it prints {error}") from None
        if not pipe.rate_hz:
            raise self.command.error("it prints no WAV" if came else "it prints nothing")


class CommandVoice:
    """A command as one talk's voice: started anew for each clause."""

    def __init__(self, spoken: Spoken) -> None:
        self.rate_hz = spoken.rate_hz
        self.language = spoken.language
        self.languages = frozenset({spoken.language})
        self._spoken = spoken
        self._noise = np.random.default_rng(0)

    def say(self, text: str) -> Iterator[Piece]:
        """Give the clause as it comes, without the silence in front; none where there is nothing to say.

        Raises EngineError: see `Spoken.sounds`.
        """
        if not any(char.isalnum() for char in text):
            return
        held, begun, given = np.zeros(0, np.int16), False, 0
        least, end = round(PIECE_S * self.rate_hz), round(END_S * self.rate_hz)
        expected = round(len(text) / LETTERS_A_SECOND * self.rate_hz)
        for sound, left in self._spoken.sounds(text):
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
        return to_int16(to_float(sound) * np.float32(self._spoken.volume) + hiss)
