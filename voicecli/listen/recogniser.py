"""Speech -> words: what every recogniser promises.

Recogniser ── Transcriber          Whisper, on a short window      (whisper/transcriber.py)
           ── MoonshineRecogniser  Moonshine, English              (recognise/moonshine.py)
           ── CommandRecogniser    a command of the user's         (recognise/recogniser_command.py)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicecli.config import SegmentConfig
    from voicecli.messages import Float32, Transcript


class Recogniser(Protocol):
    """One talk's recogniser: it may remember what that talk said before. One call at a time."""

    @property
    def window_s(self) -> float:
        """The longest sound it takes in one call, seconds."""
        ...

    @property
    def finds_language(self) -> bool:
        """Whether it finds the language by the sound; else it writes everything down in one."""
        ...

    @property
    def looks_ahead(self) -> bool:
        """Whether it is quick enough for provisional words, while the user still speaks."""
        ...

    def narrow(self, *, on: bool) -> None:
        """Search with a smaller beam from now on, or with the usual one; do nothing where there is none."""
        ...

    def languages(self, samples: Float32, spans: Sequence[tuple[float, float]]) -> list[dict[str, float]]:
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


def within(segment: SegmentConfig, recogniser: Recogniser) -> SegmentConfig:
    """The settings of the gate, so that it gives no piece longer than the recogniser takes."""
    longest_s = min(segment.max_utterance_s, recogniser.window_s)
    return segment.model_copy(update={"max_utterance_s": longest_s})
