"""Questions of the bench -> what callers say: sound at the rate of the wire, its words, its audible part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicecli.audio.level import to_float
from voicecli.errors import AudioFileError
from voicecli.measure.questions import QUESTIONS, Question, recorded, spoken
from voicecli.measure.wires import speech_bounds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from voicecli.messages import Int16
    from voicecli.speak.voice import Voice

RATE_HZ = 24_000
"""Of PCM in OpenAI's Realtime protocol."""


@dataclass(frozen=True, slots=True)
class AskedLine:
    """One thing that a caller says."""

    words: str
    """Empty where they are not known: then nobody counts what was heard wrongly."""
    samples: Int16
    """(n,) int16 at RATE_HZ."""
    first: int
    """Position of the first audible sample."""
    end: int
    """Position after the last one."""


def lines_of_voice(voice: Voice) -> list[AskedLine]:
    """The fixed questions of the bench, said by this voice. Raises EngineError."""
    return _bounded(spoken(voice, RATE_HZ), QUESTIONS)


def lines_of_files(paths: Sequence[Path]) -> list[AskedLine]:
    """One line a recording; its words are those of the file beside it that ends in .txt, if there is one.

    Raises AudioFileError.
    """
    return _bounded(recorded(paths, RATE_HZ), map(_words_beside, paths))


def _bounded(questions: Iterable[Question], words: Iterable[str]) -> list[AskedLine]:
    return [
        AskedLine(said, question.samples, *speech_bounds(to_float(question.samples), RATE_HZ))
        for question, said in zip(questions, words, strict=True)
    ]


def _words_beside(path: Path) -> str:
    beside = path.with_suffix(".txt")
    try:
        return beside.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise AudioFileError(
            f"cannot read {beside} ({error})", "write the recording's words into it"
        ) from error
