"""Smart Turn through our wrapper: its features are Whisper's, it hears an end, other files are refused."""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rig.made_speech import speak
from tests.sentences import pattern
from voicecli.errors import ModelError
from voicecli.messages import RATE_HZ
from voicecli.models.store import models_root
from voicecli.turn import melody
from voicecli.turn.complete import SmartTurn
from voicecli.turn.mel import HOP_SAMPLES, LogMel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voicecli.messages import Float32

NOISE = np.random.default_rng(0).normal(0.0, 0.1, 8 * RATE_HZ).astype(np.float32)


@pytest.fixture(scope="module")
def model() -> SmartTurn:
    return SmartTurn(models_root() / "turn-smart-v3" / "smart-turn-v3.2-cpu.onnx")


def by_definition(samples: Float32, bands: int) -> NDArray[np.float64]:
    """The log-mel spectrogram as the Whisper paper and its feature extractor describe it, in float64.

    Hann windows of 25 ms every 10 ms with the ends mirrored, power, triangles of equal area on the mel scale
    of Slaney, log10, at most 80 dB below the loudest, then (x + 4) / 4.
    """

    def hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))

    size = 400
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    padded = np.pad(samples.astype(np.float64), size // 2, mode="reflect")
    columns = [padded[at : at + size] * window for at in range(0, samples.size, HOP_SAMPLES)]
    power = np.abs(np.fft.rfft(columns)) ** 2
    top = 15 + 27 * np.log(8000 / 1000) / np.log(6.4)
    edges = hertz(np.linspace(0, top, bands + 2))
    bins = np.fft.rfftfreq(size, 1 / RATE_HZ)
    filters = np.array(
        [
            np.interp(bins, (low, middle, high), (0, 1, 0)) * 2 / (high - low)
            for low, middle, high in zip(edges, edges[1:], edges[2:], strict=False)
        ]
    )
    logs: NDArray[np.float64] = np.log10(np.maximum(filters @ power.T, 1e-10))
    loud: NDArray[np.float64] = np.maximum(logs, logs.max() - 8)
    return (loud + 4) / 4


@pytest.mark.parametrize("bands", [80, 128])
def test_the_spectrogram_is_the_one_the_models_were_trained_on(bands: int) -> None:
    sound = np.concatenate((np.zeros(RATE_HZ, np.float32), NOISE[: 2 * RATE_HZ]))
    found = LogMel(bands)(sound)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, by_definition(sound, bands), atol=1e-4)


@pytest.mark.models
def test_the_model_tells_a_sentence_that_is_over_from_one_that_breaks_off(model: SmartTurn) -> None:
    """By its own verdict: the layer on top was learnt from people, and these voices are synthetic."""
    over = model.hears(speak("What is the capital of France?"))[-1]
    assert over > 0 > model.hears(speak("So, I was wondering whether you could, um,"))[-1]


@pytest.mark.models
def test_the_layer_on_top_decides(model: SmartTurn) -> None:
    speech = speak("Turn off the kitchen light.")
    hears = model.hears(speech)
    assert hears.shape == (769,)
    assert model.complete(speech) == pytest.approx(1 / (1 + exp(-melody.log_odds(hears))))


def test_the_layer_has_a_weight_for_each_value_and_a_constant() -> None:
    nothing = np.zeros(769, np.float32)
    even = melody.log_odds(nothing)
    each = np.array([melody.log_odds(row) - even for row in np.eye(769, dtype=np.float32)])
    assert np.isfinite(each).all()
    assert np.count_nonzero(each) > 700
    assert melody.log_odds(nothing + 1) == pytest.approx(even + each.sum(), abs=0.01)


@pytest.mark.models
def test_only_the_last_8_s_count_and_how_loud_they_are_does_not(model: SmartTurn) -> None:
    speech = np.concatenate((NOISE, speak("Turn off the kitchen light.")))
    expected = model.complete(speech[-8 * RATE_HZ :])
    assert model.complete(speech) == expected
    # The model's weights are int8, so other levels round to other values.
    assert model.complete(speech * np.float32(0.25)) == pytest.approx(expected, abs=0.1)


@pytest.mark.models
def test_short_sound_stands_at_the_end_with_silence_before_it(model: SmartTurn) -> None:
    speech = speak("Turn off the light.")
    filled = np.concatenate((np.zeros(8 * RATE_HZ - speech.size, np.float32), speech))
    assert model.complete(speech) == model.complete(filled)


@pytest.mark.models
@pytest.mark.parametrize("sound", [np.zeros(0, np.float32), np.zeros(RATE_HZ, np.float32), NOISE])
def test_anything_has_a_probability_and_the_samples_stay_as_they_were(
    model: SmartTurn, sound: Float32
) -> None:
    before = sound.copy()
    assert 0.0 <= model.complete(sound) <= 1.0
    np.testing.assert_array_equal(sound, before)


@pytest.mark.models
def test_another_model_is_refused_when_it_is_loaded_and_not_in_a_talk() -> None:
    with pytest.raises(ModelError, match=pattern("engines.no_judge")):
        SmartTurn(models_root() / "vad-silero" / "silero_vad_16k_op15.onnx")
