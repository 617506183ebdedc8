"""Speech -> words: what every recogniser promises, and what its file gives.

Recogniser ── Transcriber          Whisper, on a short window      (whisper/transcriber.py)
           ── MoonshineRecogniser  Moonshine, English              (recognise/moonshine.py)
           ── CommandRecogniser    a command of the user's         (recognise/recogniser_command.py)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from voicecli.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicecli.config import SegmentConfig, TranscribeConfig
    from voicecli.messages import Float32, Transcript
    from voicecli.models.store import ModelStore

AUTO = "auto"
"""`transcribe.language` where the user may speak any language that the recogniser understands."""


class Recogniser(Protocol):
    """One talk's recogniser: it may remember what that talk said before. One call at a time."""

    @property
    def window_s(self) -> float:
        """The longest sound it takes in one call, seconds."""
        ...

    @property
    def languages(self) -> frozenset[str] | None:
        """Codes (ISO 639-1) of all languages in which it may write words down in this talk.

        None: it does not list them, so its words may be in any language.
        """
        ...

    @property
    def finds_language(self) -> bool:
        """Whether `language_odds` tells languages apart; else a call gives words in one language."""
        ...

    @property
    def looks_ahead(self) -> bool:
        """Whether it is quick enough for provisional words, while the user still speaks."""
        ...

    def narrow(self, *, on: bool) -> None:
        """Search with a smaller beam from now on, or with the usual one; do nothing where there is none."""
        ...

    def language_odds(self, samples: Float32, spans: Sequence[tuple[float, float]]) -> list[dict[str, float]]:
        """For each part of `samples`, the probability of each language by its code.

        `spans`: begin and end of each part, seconds. Called only where `finds_language` is true. Raises
        ValueError for samples that `transcribe` does not take.
        """
        ...

    def transcribe(
        self,
        samples: Float32,
        *,
        provisional: bool = False,
        language: str | None = None,
        clear_s: float = 0.0,
    ) -> Transcript:
        """Write down what is said in `samples`: (n,) float32 in [-1, 1], 16 kHz, up to `window_s`.

        `language` is the code of the language where that is known; else the recogniser finds it. `clear_s`:
        how many seconds of `samples` the voice activity detector is sure are speech. Where nobody says a
        word, the text is empty. `provisional`: the words may still change, so quick matters more than right.

        Raises ValueError for other samples; EngineError when the recogniser fails.
        """
        ...


class RecogniserEngine(Protocol):
    """What the file of a recogniser gives besides its classes: two functions."""

    def languages(self, config: TranscribeConfig, store: ModelStore) -> frozenset[str] | None:
        """Tell, without loading it, the `languages` of a recogniser that `load` makes of these settings.

        Raises ModelError for what is missing; ConfigError for a language that it does not know.
        """
        ...

    def load(self, config: TranscribeConfig, store: ModelStore) -> Callable[[], Recogniser]:
        """Load it, make the slow first call, and give what makes a recogniser for each talk.

        Raises ModelError for what is missing; ConfigError for a setting that it cannot serve; EngineError.
        """
        ...


def understood(setting: str, known: frozenset[str]) -> frozenset[str]:
    """Of the languages that an engine knows, those that `transcribe.language` leaves: all, or one.

    Raises ConfigError: the engine does not know that one.
    """
    if setting == AUTO:
        return known
    if setting in known:
        return frozenset({setting})
    codes = ", ".join(sorted(known))
    only = len(known) == 1
    remedy = f'use "{codes}", the only one it knows' if only else f'use "{AUTO}" or one of {codes}'
    raise ConfigError(
        f"the speech model has no language '{setting}'",
        f"{remedy}; or choose another transcribe.model or transcribe.engine",
    )


def within(segment: SegmentConfig, recogniser: Recogniser) -> SegmentConfig:
    """The settings of the gate, so that it gives no piece longer than the recogniser takes."""
    longest_s = min(segment.max_utterance_s, recogniser.window_s)
    return segment.model_copy(update={"max_utterance_s": longest_s})
