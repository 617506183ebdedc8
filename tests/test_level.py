"""Loudness: known signals have known levels, and int16 survives the way to float and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecli.audio.level import (
    MOST_RAISED_DB,
    RAISED_DBFS,
    SILENCE_DBFS,
    OffsetRemover,
    end_of_sound,
    first_audible,
    frame_levels_dbfs,
    level_dbfs,
    raised,
    to_float,
    to_int16,
)
from voicecli.messages import RATE_HZ


def test_every_int16_survives_the_way_to_float_and_back() -> None:
    samples = np.arange(-32768, 32768).astype(np.int16)
    there = to_float(samples)
    assert there.dtype == np.float32
    assert there.min() == -1.0
    assert there.max() < 1.0
    np.testing.assert_array_equal(to_int16(there), samples)


def test_what_is_too_loud_for_int16_is_clipped_and_does_not_wrap() -> None:
    loud = np.array([1.0, 1.5, -1.0, -3.0, 0.99999], np.float32)
    np.testing.assert_array_equal(to_int16(loud), [32767, 32767, -32768, -32768, 32767])


def test_samples_are_rounded_to_the_nearest() -> None:
    np.testing.assert_array_equal(
        to_int16(np.array([0.6 / 32768, -0.6 / 32768, 0.4 / 32768], np.float32)), [1, -1, 0]
    )


@pytest.mark.parametrize(
    ("samples", "dbfs"),
    [
        (np.ones(512), 0.0),
        (np.tile([1.0, -1.0], 256), 0.0),
        (np.sin(np.arange(16_000) * 2 * np.pi / 16), -3.01),
        (np.full(512, 0.1), -20.0),
        (np.full(512, 1 / 32768), -90.3),
        (np.zeros(512), SILENCE_DBFS),
        (np.zeros(0), SILENCE_DBFS),
    ],
)
def test_the_level_of_known_signals(samples: np.ndarray, dbfs: float) -> None:
    assert level_dbfs(samples.astype(np.float32)) == pytest.approx(dbfs, abs=0.01)


@given(st.integers(0, 2000), st.integers(1, 300))
def test_the_level_of_each_frame_is_that_of_the_frame_alone(size: int, frame: int) -> None:
    samples = np.random.default_rng(size).uniform(-1, 1, size).astype(np.float32)
    levels = frame_levels_dbfs(samples, frame)
    alone = [level_dbfs(samples[at * frame : (at + 1) * frame]) for at in range(size // frame)]
    np.testing.assert_allclose(levels, np.array(alone, np.float32), atol=1e-3)


@pytest.mark.parametrize("silence", [0, 1, 160, 161, 5000])
def test_sound_is_found_to_ten_milliseconds(silence: int) -> None:
    samples = np.concatenate((np.zeros(silence), np.full(1600, 0.1))).astype(np.float32)
    first = first_audible(samples, 16_000)
    assert first <= silence < first + 160


def test_below_the_floor_nothing_is_heard() -> None:
    for samples in (np.full(1600, 0.001), np.zeros(1600), np.zeros(0), np.full(50, 0.1)):
        assert first_audible(samples.astype(np.float32), 16_000) == samples.size
    assert first_audible(np.full(1600, 0.001, np.float32), 16_000, floor_dbfs=-61.0) == 0


@pytest.mark.parametrize("loud", [0, 1, 159, 160, 1600, 4000])
def test_the_end_of_a_sound_is_found_to_ten_milliseconds(loud: int) -> None:
    samples = np.concatenate((np.full(loud, 0.3), np.full(3200, 0.0001))).astype(np.float32)
    end = end_of_sound(samples, 16_000, floor_dbfs=-80.0, range_db=35.0)
    assert loud <= end < loud + 160


def test_how_far_below_the_loudest_a_sound_counts_is_for_the_caller() -> None:
    pieces = [np.full(1600, 10 ** (dbfs / 20)) for dbfs in (-10.0, -30.0, -50.0)]
    samples = np.concatenate(pieces).astype(np.float32)
    ends = [end_of_sound(samples, 16_000, -90.0, range_db) for range_db in (18.0, 35.0, 50.0)]
    assert ends == [1600, 3200, 4800]


def test_the_room_is_no_sound() -> None:
    samples = np.concatenate((np.full(1600, 0.1), np.full(1600, 10 ** (-45 / 20)))).astype(np.float32)
    assert end_of_sound(samples, 16_000, floor_dbfs=-60.0, range_db=40.0) == 3200
    assert end_of_sound(samples, 16_000, floor_dbfs=-50.0, range_db=40.0) == 1600
    for nothing in (samples[:0], samples[:100], samples[1600:]):
        assert end_of_sound(nothing, 16_000, floor_dbfs=-50.0, range_db=40.0) == 0


@pytest.mark.parametrize("dbfs", [-80.0, -60.0, -40.0])
def test_faint_speech_is_raised_and_loud_speech_is_the_same_array(dbfs: float) -> None:
    tone = np.sin(np.arange(RATE_HZ) / 5).astype(np.float32) * np.float32(np.sqrt(2))
    loud = tone * np.float32(10 ** (-25 / 20))
    assert raised(loud, RATE_HZ) is loud
    wanted = min(RAISED_DBFS, dbfs + MOST_RAISED_DB)
    assert level_dbfs(raised(tone * np.float32(10 ** (dbfs / 20)), RATE_HZ)) == pytest.approx(wanted, abs=0.1)


def test_silence_is_not_raised() -> None:
    silence = np.zeros(RATE_HZ, np.float32)
    assert raised(silence, RATE_HZ) is silence
    assert raised(silence[:10], RATE_HZ).size == 10


def test_a_constant_offset_is_taken_out_and_the_voice_is_not() -> None:
    voice = (0.2 * np.sin(np.arange(4 * RATE_HZ) / 9)).astype(np.float32)
    remover = OffsetRemover(RATE_HZ)
    blocks = np.split(voice + np.float32(0.4), 4 * RATE_HZ // 500)
    heard = np.concatenate([remover.push(block) for block in blocks])
    assert np.abs(heard - voice).max() < 0.02
    assert abs(heard.mean()) < 0.002


def test_what_has_no_offset_stays_as_it_is() -> None:
    remover = OffsetRemover(RATE_HZ)
    block = (0.2 * np.sin(np.arange(512) * 2 * np.pi / 64)).astype(np.float32)
    assert remover.push(block) is block
    assert remover.push(block[:0]).size == 0
