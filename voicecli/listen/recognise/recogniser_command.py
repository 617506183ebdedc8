"""16 kHz speech -> words: a command of the user's, given a WAV through a pipe for each utterance."""

from __future__ import annotations

import io
import re
import wave
from typing import TYPE_CHECKING

from voicecli.audio.level import raised, to_int16
from voicecli.command import Command
from voicecli.listen.recogniser import AUTO
from voicecli.listen.whisper.window import LONGEST_S, SHORTEST_S, check_samples
from voicecli.messages import RATE_HZ, Transcript

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicecli.config import TranscribeConfig
    from voicecli.listen.recogniser import Recogniser
    from voicecli.messages import Float32
    from voicecli.models.store import ModelStore

DEFAULT_LANGUAGE = "en"
"""Where the settings name none: a command does not tell which one it heard."""

MOST_TEXT = 1 << 16
"""Bytes: half a minute of speech has less than 1000."""

_NOTES = re.compile(r"(\s|\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|♪)+")
"""What recognisers write where nobody says a word: `[BLANK_AUDIO]`, `(music)`, `*coughs*`."""


def languages(config: TranscribeConfig, store: ModelStore) -> frozenset[str]:
    """The language of the settings: a command is for one."""
    return frozenset({_language(config.language)})


def load(config: TranscribeConfig, store: ModelStore) -> Callable[[], Recogniser]:
    """See that the program is there; give what makes a recogniser. Raises ConfigError, EngineError."""
    command = Command("transcribe.command", config.command)
    command.demand()
    return lambda: CommandRecogniser(command, config.language)


def _language(setting: str) -> str:
    return DEFAULT_LANGUAGE if setting == AUTO else setting


class CommandRecogniser:
    """The command and the language it is for; it remembers nothing."""

    window_s = LONGEST_S
    """As long as speech may be before it is split."""
    finds_language = False
    looks_ahead = False
    """It is started anew for each call, and most load a model then."""

    def __init__(self, command: Command, language: str = AUTO) -> None:
        """`language` is what it writes down; "auto" is English."""
        self._command = command
        self._language = _language(language)
        self.languages = frozenset({self._language})

    def narrow(self, *, on: bool) -> None:
        """Do nothing: a command is not told."""

    def language_odds(self, samples: Float32, spans: Sequence[tuple[float, float]]) -> list[dict[str, float]]:
        """The settings' language, for each part. Raises ValueError for samples `transcribe` does not take."""
        check_samples(samples)
        return [{self._language: 1.0} for _ in spans]

    def transcribe(
        self,
        samples: Float32,
        *,
        provisional: bool = False,  # not used: a command has no quicker way
        language: str | None = None,  # not used: a command is not told
        clear_s: float = 0.0,  # not used: this program believes all words of a command
    ) -> Transcript:
        """Write down what is said in `samples`: (n,) float32 in [-1, 1], 16 kHz, 0 < n <= 28 s.

        This program believes all words, because the command does not say how likely they are. It gives the
        command no silence.

        Raises ValueError for other samples; EngineError as `Command.run` does, and for what is not UTF-8.
        """
        check_samples(samples)
        if samples.size < SHORTEST_S * RATE_HZ or not samples.any():
            return Transcript("", self._language, 0.0)
        printed = b"".join(self._command.run(wav_of(raised(samples, RATE_HZ)), MOST_TEXT))
        try:
            text = printed.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise self._command.error("what it prints is not UTF-8 text") from None
        words = words_in(text)
        return Transcript(words, self._language, float(bool(words)), float(bool(words)))


def words_in(text: str) -> str:
    """What a recogniser wrote, in one line; empty where it is only a note that nobody said a word."""
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return "" if _NOTES.fullmatch(text) else text


def wav_of(samples: Float32) -> bytes:
    """(n,) float32 at 16 kHz as a WAV of 16 bits; its head of 44 bytes is the one every program reads."""
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE_HZ)
        wav.writeframes(to_int16(samples).astype("<i2").tobytes())
    return file.getvalue()
