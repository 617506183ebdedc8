"""Silero through our wrapper: speech is told from everything else, and a frame is scored with its past."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rig.made_speech import speak
from tests.sentences import pattern
from voicecli.audio.frames import frames_of
from voicecli.errors import ModelError
from voicecli.listen.gate.detect import LEAD_IN_FRAMES, Silero, SileroDetector
from voicecli.messages import FRAME_SAMPLES, RATE_HZ, Float32Frame
from voicecli.models.store import models_root

if TYPE_CHECKING:
    from voicecli.messages import Float32

pytestmark = pytest.mark.models

NOISE = np.random.default_rng(0).normal(0.0, 1.0, 3 * RATE_HZ).astype(np.float32)


@pytest.fixture(scope="module")
def detector() -> SileroDetector:
    return Silero(models_root() / "vad-silero" / "silero_vad_16k_op15.onnx").session()


def frames(samples: Float32, position: int = 0) -> list[Float32Frame]:
    return [replace(frame, position=position + frame.position) for frame in frames_of(samples)]


def probabilities(detector: SileroDetector, samples: Float32) -> Float32:
    return np.array([detector.score(frame).probability for frame in frames(samples)], np.float32)


def test_speech_is_speech_and_the_pauses_around_it_are_not(detector: SileroDetector) -> None:
    quiet = NOISE[:RATE_HZ] * 1e-4
    speech = speak("The quick brown fox jumps over the lazy dog.")
    found = probabilities(detector, np.concatenate((quiet, speech, quiet)))
    first, last = RATE_HZ // FRAME_SAMPLES, (RATE_HZ + speech.size) // FRAME_SAMPLES
    assert np.mean(found[first:last] > 0.5) > 0.8
    assert found[: first - 1].max() < 0.2
    assert found[last + 8 :].max() < 0.2


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(np.zeros(RATE_HZ, np.float32), id="digital silence"),
        pytest.param(NOISE * 0.05, id="white noise"),
        pytest.param(
            (0.3 * np.sin(np.arange(RATE_HZ) * 2 * np.pi * 50 / RATE_HZ)).astype(np.float32), id="hum"
        ),
        pytest.param((0.3 * np.sin(np.arange(RATE_HZ) / 5)).astype(np.float32), id="a tone"),
        pytest.param(np.where(np.arange(RATE_HZ) % 8000 < 40, 0.9, 0.0).astype(np.float32), id="clicks"),
    ],
)
def test_what_is_not_speech_is_not(detector: SileroDetector, sound: Float32) -> None:
    assert np.mean(probabilities(detector, sound) > 0.5) < 0.05


def test_a_score_carries_its_frame_and_its_level(detector: SileroDetector) -> None:
    frame = Float32Frame(np.full(FRAME_SAMPLES, 0.1, np.float32), 512, 7.0)
    scored = detector.score(frame)
    assert scored.frame is frame
    assert scored.level_dbfs == pytest.approx(-20.0, abs=0.01)
    assert 0.0 <= scored.probability <= 1.0


def test_after_a_gap_the_past_is_forgotten_and_without_one_it_is_not(detector: SileroDetector) -> None:
    speech = frames(speak("The quick brown fox."))
    end = len(speech) * FRAME_SAMPLES
    fresh = [detector.score(frame).probability for frame in speech]
    going_on = [
        detector.score(replace(frame, position=frame.position + end)).probability for frame in speech[:3]
    ]
    after_a_gap = [
        detector.score(replace(frame, position=frame.position + 9 * end)).probability for frame in speech
    ]
    assert after_a_gap == fresh
    assert going_on != fresh[:3]


def test_a_frame_is_heard_with_the_end_of_the_one_before(detector: SileroDetector) -> None:
    """The model was trained on 64 samples of context; without them it is a worse one."""
    middle = frames(speak("The quick brown fox."))[20]
    scores = set()
    for before in (np.zeros(FRAME_SAMPLES, np.float32), NOISE[:FRAME_SAMPLES] * 0.1):
        detector.score(Float32Frame(before, middle.position - FRAME_SAMPLES, 0.0))
        detector._state = np.zeros_like(detector._state)  # only the context differs
        scores.add(detector.score(middle).probability)
    assert len(scores) == 2


def test_what_cannot_matter_is_not_heard_until_something_does(detector: SileroDetector) -> None:
    """The last quiet frames are the model's way into what follows them."""
    passed = 40
    sound = frames(np.concatenate((NOISE[: passed * FRAME_SAMPLES] * 1e-4, speak("The quick brown fox."))))
    found = [detector.score(frame, -60.0 if at < passed else -math.inf) for at, frame in enumerate(sound)]
    assert [scored.frame for scored in found] == sound
    assert {scored.probability for scored in found[:passed]} == {0.0}
    detector.score(Float32Frame(sound[0].samples, 1 << 40, 0.0))  # forgets
    lead_in = [detector.score(frame).probability for frame in sound[passed - LEAD_IN_FRAMES :]]
    assert [scored.probability for scored in found[passed:]] == lead_in[LEAD_IN_FRAMES:]


def test_another_model_is_refused_when_it_is_loaded_and_not_in_a_talk() -> None:
    with pytest.raises(ModelError, match=pattern("engines.no_detector")):
        Silero(models_root() / "turn-smart-v3" / "smart-turn-v3.2-cpu.onnx")


@pytest.mark.parametrize("peak_dbfs", [-30.0, -50.0, -58.0])
def test_a_faint_voice_is_speech_in_a_quiet_room(detector: SileroDetector, peak_dbfs: float) -> None:
    room = NOISE[: RATE_HZ // 2] * np.float32(1e-4)
    speech = speak("The quick brown fox jumps over the lazy dog.")
    faint = speech / np.abs(speech).max() * np.float32(10 ** (peak_dbfs / 20))
    found = probabilities(detector, np.concatenate((room, faint)))[room.size // FRAME_SAMPLES + 1 :]
    assert np.mean(found > 0.5) > 0.8


def test_a_faint_voice_that_hardly_stands_out_from_the_room_is_speech(detector: SileroDetector) -> None:
    """Its loudest frames are 8 dB above the room."""
    room = np.tile(NOISE, 2)[: 5 * RATE_HZ] * np.float32(10 ** (-70 / 20))
    speech = speak("The train from the airport leaves every twenty minutes.")
    faint = speech / np.abs(speech).max() * np.float32(10 ** (-54 / 20))
    begin = 2 * RATE_HZ // FRAME_SAMPLES
    mixed = room[: begin * FRAME_SAMPLES + faint.size].copy()
    mixed[begin * FRAME_SAMPLES :] += faint
    found = probabilities(detector, mixed)
    assert found[:begin].max() < 0.3
    assert np.mean(found[begin:] > 0.5) > 0.6


@pytest.mark.parametrize("dbfs", [-85.0, -70.0, -55.0])
def test_a_room_is_no_speech_however_quiet_it_is(detector: SileroDetector, dbfs: float) -> None:
    assert probabilities(detector, NOISE * np.float32(10 ** (dbfs / 20))).max() < 0.3
