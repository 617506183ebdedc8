"""Speech -> words: what every recogniser promises.

Recogniser ── Transcriber          Whisper, on a short window      (transcribe.py)
           ── MoonshineRecogniser  Moonshine, English              (moonshine.py)
           ── CommandRecogniser    a command of the user's         (command.py)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

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

    def languages(self, samples: Float32, spans: Sequence[tuple[float, float]]) -> list[dict[str, float]]:
        """How likely each language is in parts of `samples`; `spans`: their ends, seconds.

        Asked only of who finds the language. Raises ValueError: not such samples as `transcribe` takes.
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

        `language`, where it is known, stands in place of the one that would be found. `clear_s` is how much
        of it the voice activity detector is sure is speech, seconds. Where nobody says a word, the text is
        empty.
        `provisional`: the words may change; quick matters more than right.

        Raises ValueError: the samples are not such. Raises EngineError.
        """
        ...
