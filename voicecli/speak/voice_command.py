"""Clause text -> sound: a command of the user's that reads text and prints a WAV, both through pipes."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from voicecli.command import Command
from voicecli.speak.streamed_voice import MOST_BYTES, StreamedVoice, wav_sounds

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from voicecli.config import SynthesizeConfig
    from voicecli.messages import Int16
    from voicecli.models.store import ModelStore
    from voicecli.speak.voice import Voice

WARM = "Yes."
"""What the command says to show its rate: short, and a word or a name in many languages."""


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

    def session(self) -> StreamedVoice:
        """Make the voice for one talk: the command is started anew for each clause.

        Raises EngineError where it is not warm and no sound comes.
        """
        if not self.rate_hz:
            self.warm()
        return StreamedVoice(self)

    def sounds(self, text: str) -> Generator[tuple[Int16, int | None], None, None]:
        """Give (n,) int16 at `rate_hz` as it comes, n >= 0, with the samples to come; None if not known.

        Raises EngineError as `Command.run` does, and where the output is no WAV, too long, or of another
        rate.
        """
        given = f"{' '.join(text.split())}\n".encode(errors="replace")
        with closing(self.command.run(given, MOST_BYTES)) as printed:
            for sound, rate_hz, left in wav_sounds(printed, self.command.error, "it prints"):
                self.rate_hz = self.rate_hz or rate_hz
                if rate_hz != self.rate_hz:
                    raise self.command.error(f"its rate was {self.rate_hz} Hz and is {rate_hz}")
                yield sound, left
