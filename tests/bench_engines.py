"""Engines that do simple things at once, for tests of the bench."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tests.engine_fakes import Asked, LanguageModel, Recogniser
from tests.seats import seated
from voicecli.engines import Session
from voicecli.messages import ChatMessage, Float32Frame, GenerationStats, ScoredFrame, Transcript
from voicecli.speak.voice import Piece

if TYPE_CHECKING:
    from voicecli.messages import Float32, Int16

RATE_HZ = 16_000


def tone(seconds: float, level: float = 0.3) -> Int16:
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (np.sin(2 * np.pi * 300 * at) * level * 32767).astype(np.int16)


class LoudIsSpeech:
    def score(self, frame: Float32Frame, quiet_dbfs: float) -> ScoredFrame:
        return ScoredFrame(frame, 1.0, -20.0)


class Scribe(Recogniser):
    def hear(self, samples: Float32, asked: Asked) -> Transcript:
        return Transcript("words", "en", 0.9)


class Judge:
    def complete(self, samples: Float32) -> float:
        return 0.9


class Brain(LanguageModel):
    name = "a brain"

    def reply(self, messages: Sequence[ChatMessage]) -> tuple[Sequence[str], GenerationStats]:
        return ("one ", "two ", "three"), GenerationStats(100, 30, 3)


class Voice:
    rate_hz = RATE_HZ
    language = "en"
    languages = frozenset({"en"})

    def synthesize(self, text: str) -> Int16:
        return tone(0.1 * len(text.split()))

    def say(self, text: str) -> Iterator[Piece]:
        yield Piece(self.synthesize(text))


def engines() -> Session:
    return seated(LoudIsSpeech(), Judge(), Scribe(), Brain(), Voice())
