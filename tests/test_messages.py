"""A wrong value cannot be built; a right one can, up to its bounds."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

from voicecli import messages
from voicecli.messages import (
    FRAME_SAMPLES,
    RATE_HZ,
    ChatMessage,
    Clause,
    Float32Frame,
    Pcm16Chunk,
    ScoredFrame,
    SpokenChunk,
    Transcript,
    Utterance,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.messages import Float32, Int16

CLAUSE = Clause(1, 1, 0, "Hello.")


def floats(count: int, *odd: float) -> Float32:
    """Silence with some odd samples in it."""
    samples = np.zeros(count, np.float32)
    samples[: len(odd)] = odd
    return samples


def ints(*shape: int) -> Int16:
    return np.zeros(shape, np.int16)


def frame(samples: Float32, position: int = 0) -> Float32Frame:
    return Float32Frame(samples, position, 0.0)


def scored(probability: float, level_dbfs: float) -> ScoredFrame:
    return ScoredFrame(frame(floats(FRAME_SAMPLES)), probability, level_dbfs)


def utterance(samples: Float32, start: int = 100, speech_end: int = 110) -> Utterance:
    return Utterance(samples, start, speech_end, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Pcm16Chunk(ints(0, 1), 1, 0, 0.0),
        lambda: Pcm16Chunk(ints(960, 8), 96_000, 10**12, 1e9),
        lambda: frame(floats(FRAME_SAMPLES, 1.0, -1.0)),
        lambda: scored(0.0, -100.0),
        lambda: scored(1.0, 0.0),
        lambda: utterance(floats(10), 100, 100),
        lambda: utterance(floats(10), 100, 110),
        lambda: utterance(floats(0), 0, 0),
        lambda: Transcript("", "", 0.0),
        lambda: Transcript("Hi.", "en", 1.0),
        lambda: SpokenChunk(CLAUSE, ints(0), 22_050),
        lambda: ChatMessage("assistant", ""),
    ],
)
def test_what_is_within_bounds_is_taken(build: Callable[[], object]) -> None:
    build()


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda: Pcm16Chunk(ints(10), 16_000, 0, 0.0), id="chunk without channels"),
        pytest.param(lambda: Pcm16Chunk(ints(10, 0), 16_000, 0, 0.0), id="chunk of no channel"),
        pytest.param(lambda: Pcm16Chunk(np.zeros((9, 1), np.float32), 1, 0, 0.0), id="chunk of floats"),
        pytest.param(lambda: Pcm16Chunk(np.zeros((9, 1), np.int32), 1, 0, 0.0), id="chunk of int32"),
        pytest.param(lambda: Pcm16Chunk(ints(9, 1), 0, 0, 0.0), id="chunk without rate"),
        pytest.param(lambda: Pcm16Chunk(ints(9, 1), 1, -1, 0.0), id="chunk before the beginning"),
        pytest.param(lambda: frame(floats(511)), id="short frame"),
        pytest.param(lambda: frame(floats(512).reshape(1, 512)), id="frame with channels"),
        pytest.param(lambda: frame(np.zeros(512)), id="frame of doubles"),  # type: ignore[arg-type]
        pytest.param(lambda: frame(floats(512, np.nan)), id="frame with NaN"),
        pytest.param(lambda: frame(floats(512, 0.5, -np.inf)), id="frame with infinity"),
        pytest.param(lambda: frame(floats(512, 0.0, 1.001)), id="frame too loud"),
        pytest.param(lambda: frame(floats(512, 0.0, -1.001)), id="frame too loud below"),
        pytest.param(lambda: frame(floats(512), -1), id="frame before the beginning"),
        pytest.param(lambda: scored(1.1, -10.0), id="probability above 1"),
        pytest.param(lambda: scored(-0.1, -10.0), id="probability below 0"),
        pytest.param(lambda: scored(np.nan, -10.0), id="no probability"),
        pytest.param(lambda: scored(0.5, 1.0), id="level above full scale"),
        pytest.param(lambda: scored(0.5, np.nan), id="no level"),
        pytest.param(lambda: utterance(floats(10).reshape(2, 5)), id="utterance with channels"),
        pytest.param(lambda: utterance(floats(10, np.nan)), id="utterance with NaN"),
        pytest.param(lambda: utterance(floats(10, 2.0)), id="utterance too loud"),
        pytest.param(lambda: utterance(floats(10), 100, 99), id="speech ends before its start"),
        pytest.param(lambda: utterance(floats(10), 100, 111), id="speech ends after its samples"),
        pytest.param(lambda: Transcript("Hi.", "en", 1.01), id="confidence above 1"),
        pytest.param(lambda: Transcript("Hi.", "en", np.nan), id="no confidence"),
        pytest.param(lambda: ChatMessage("robot", "Hi."), id="unknown role"),
        pytest.param(lambda: Clause(1, 1, 0, " \n"), id="empty clause"),
        pytest.param(lambda: SpokenChunk(CLAUSE, ints(5, 1), 1), id="speech with channels"),
        pytest.param(lambda: SpokenChunk(CLAUSE, floats(5), 1), id="speech of floats"),  # type: ignore[arg-type]
        pytest.param(lambda: SpokenChunk(CLAUSE, ints(5), 0), id="speech without rate"),
    ],
)
def test_what_is_wrong_cannot_be_built(build: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"\w+: \w+"):
        build()


def test_an_utterance_knows_how_long_it_is() -> None:
    assert utterance(floats(RATE_HZ), 0, 9).duration_s == 1.0


def test_no_message_can_be_changed_or_grow() -> None:
    for name, kind in vars(messages).items():
        if dataclasses.is_dataclass(kind):
            assert "__slots__" in vars(kind), name
            assert vars(kind)["__dataclass_params__"].frozen, name
