"""What the bench's user asks: a fixed list, said by the voice of the settings, or recordings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.convert import Resampler
from voicecli.audio.level import to_float, to_int16
from voicecli.audio.recordings.recording import decode
from voicecli.errors import AudioFileError
from voicecli.measure.wires import speech_bounds
from voicecli.speak.voice import sound_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from voicecli.messages import Float32, Int16
    from voicecli.speak.voice import Voice

QUESTIONS = (
    "What is the capital of France?",
    "How many days are there in a week?",
    "Can you tell me a short joke?",
    "Why is the sky blue?",
    "What should I cook tonight?",
    "Who wrote Romeo and Juliet?",
    "How far away is the moon?",
    "What is a good name for a cat?",
    "Do you like music?",
    "How do I make a cup of tea?",
    "What is seven times eight?",
    "Where do penguins live?",
)
"""Short questions, said in one breath, each on its own topic; made up for the bench."""

LONGEST_S = 60.0
"""Longest recording that is accepted as one question."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the user says in one turn."""

    text: str
    """The question's words, or the name of its file."""
    samples: Int16
    """(n,) int16 mono at the microphone's rate."""


def spoken(voice: Voice, rate_hz: int) -> list[Question]:
    """The fixed list, said by the voice, at `rate_hz`. Raises EngineError."""
    questions = []
    for text in QUESTIONS:
        resampler = Resampler(voice.rate_hz, rate_hz)
        said = resampler.push(to_float(sound_of(voice, text)), last=True)
        questions.append(Question(text, to_int16(said)))
    return questions


def recorded(paths: Sequence[Path], rate_hz: int) -> list[Question]:
    """One question a file, at `rate_hz`. Raises AudioFileError for one unreadable, too long or silent."""
    return [Question(path.name, to_int16(_clip(path, rate_hz))) for path in paths]


def _clip(path: Path, rate_hz: int) -> Float32:
    blocks: list[Float32] = []
    for block in decode(path, rate_hz):
        blocks.append(block)
        if sum(map(len, blocks)) > LONGEST_S * rate_hz:
            raise AudioFileError(
                f"{path} lasts longer than {LONGEST_S:.0f} s", "give each question a file of its own"
            )
    samples = np.concatenate(blocks)
    try:
        speech_bounds(samples, rate_hz)
    except ValueError:
        raise AudioFileError(f"{path} is too soft to be speech", "record it louder") from None
    return samples
