"""The shortest file of a recogniser: it tells how long the sound is. No settings name it; a test adds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.listen.recogniser import understood
from voicecli.listen.whisper.window import LONGEST_S, SHORTEST_S, check_samples
from voicecli.messages import RATE_HZ, Transcript

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicecli.config import TranscribeConfig
    from voicecli.messages import Float32
    from voicecli.models.store import ModelStore

LANGUAGES = frozenset({"en"})


def languages(config: TranscribeConfig, store: ModelStore) -> frozenset[str]:
    """English. Raises ConfigError for another language of the settings."""
    return understood(config.language, LANGUAGES)


def load(config: TranscribeConfig, store: ModelStore) -> Callable[[], LengthRecogniser]:
    """Give what makes a recogniser. Raises ConfigError."""
    languages(config, store)
    return LengthRecogniser


class LengthRecogniser:
    """Its words are the length of the sound."""

    window_s = LONGEST_S
    languages = LANGUAGES
    finds_language = False
    looks_ahead = True

    def narrow(self, *, on: bool) -> None:
        """Do nothing."""

    def language_odds(self, samples: Float32, spans: Sequence[tuple[float, float]]) -> list[dict[str, float]]:
        """English, in each part."""
        check_samples(samples)
        return [{"en": 1.0} for _ in spans]

    def transcribe(
        self,
        samples: Float32,
        *,
        provisional: bool = False,
        language: str | None = None,
        clear_s: float = 0.0,
    ) -> Transcript:
        """Write down the length."""
        check_samples(samples)
        if samples.size < SHORTEST_S * RATE_HZ or not samples.any():
            return Transcript("", "en", 0.0)
        return Transcript(f"{samples.size / RATE_HZ:.1f} seconds", "en", confidence=1.0, spoken=1.0)
