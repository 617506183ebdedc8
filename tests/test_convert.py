"""Tones through the converter come out as they went in: frequency, level, place and time, without a seam."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from voicecli.audio.convert import Converter, Resampler
from voicecli.audio.level import level_dbfs, to_float
from voicecli.messages import FRAME_SAMPLES, RATE_HZ, Float32Frame, Pcm16Chunk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicecli.messages import Float32, Int16

START_AT = 50.0


def tone(seconds: float, rate_hz: int, channels: int, hz: float = 1000.0, peak: float = 0.5) -> Int16:
    times = np.arange(round(seconds * rate_hz)) / rate_hz
    wave = (peak * 32767 * np.sin(2 * np.pi * hz * times)).astype(np.int16)
    return np.repeat(wave[:, np.newaxis], channels, axis=1)


def convert(
    samples: Int16, rate_hz: int, blocks: Sequence[int], lost: range = range(0)
) -> list[Float32Frame]:
    """Push `samples` in blocks of these sizes, over and over, but for those that begin in `lost`."""
    converter, at, turn = Converter(rate_hz), 0, 0
    frames: list[Float32Frame] = []
    while at < len(samples):
        block = samples[at : at + blocks[turn % len(blocks)]]
        if at not in lost:
            frames += converter.push(Pcm16Chunk(block, rate_hz, at, START_AT + at / rate_hz))
        at, turn = at + len(block), turn + 1
    return frames


def joined(frames: list[Float32Frame]) -> Float32:
    return np.concatenate([frame.samples for frame in frames])


FORMATS = [(16_000, 1), (44_100, 2), (48_000, 1), (48_000, 2), (96_000, 8)]


@pytest.mark.parametrize(("rate_hz", "channels"), FORMATS)
@pytest.mark.parametrize("hz", [200.0, 1000.0, 6000.0])
def test_a_tone_keeps_its_frequency_and_level(rate_hz: int, channels: int, hz: float) -> None:
    out = joined(convert(tone(2.0, rate_hz, channels, hz), rate_hz, [rate_hz // 50]))
    middle = out[4000:20_000]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(middle.size)))
    assert np.argmax(spectrum) * RATE_HZ / middle.size == pytest.approx(hz, abs=1.0)
    assert level_dbfs(middle) == pytest.approx(20 * np.log10(0.5) - 3.01, abs=0.1)


@pytest.mark.parametrize(("rate_hz", "channels"), FORMATS)
@pytest.mark.parametrize("blocks", [[1], [7, 441, 13], [960], [4801]])
def test_blocks_of_any_size_give_what_one_block_gives(rate_hz: int, channels: int, blocks: list[int]) -> None:
    samples = tone(0.4, rate_hz, channels, 440.0)
    out = joined(convert(samples, rate_hz, blocks))
    whole = soxr.resample(to_float(samples[:, 0]), rate_hz, RATE_HZ)
    assert out.size > 0.3 * RATE_HZ
    np.testing.assert_allclose(out, whole[: out.size], atol=2e-4)


def test_a_tone_above_what_16_khz_can_hold_is_gone_and_not_folded() -> None:
    out = joined(convert(tone(1.0, 48_000, 1, 11_000.0), 48_000, [960]))
    assert level_dbfs(out[4000:12_000]) < -80


def test_sound_on_one_channel_of_many_is_as_loud_as_it_was() -> None:
    samples = np.zeros((16_000, 4), np.int16)
    samples[:, 2] = tone(1.0, 16_000, 1, 440.0)[:, 0]
    out = joined(convert(samples, 16_000, [320]))
    np.testing.assert_array_equal(out, to_float(samples[: out.size, 2]))


def test_what_a_filter_makes_of_a_full_scale_square_is_clipped() -> None:
    square = np.where(np.arange(48_000) % 96 < 48, 32767, -32768).astype(np.int16)[:, np.newaxis]
    assert np.abs(joined(convert(square, 48_000, [960]))).max() == 1.0


@pytest.mark.parametrize(("rate_hz", "channels"), FORMATS)
def test_frames_follow_one_another_and_say_when_they_were_heard(rate_hz: int, channels: int) -> None:
    frames = convert(tone(1.0, rate_hz, channels), rate_hz, [441])
    assert [frame.position for frame in frames] == [at * FRAME_SAMPLES for at in range(len(frames))]
    for frame in frames:
        assert frame.captured_at == pytest.approx(START_AT + frame.position / RATE_HZ, abs=1e-6)


@settings(deadline=None, max_examples=30)
@given(
    form=st.sampled_from(FORMATS),
    blocks=st.lists(st.integers(1, 3000), min_size=1, max_size=4).filter(lambda sizes: sum(sizes) >= 400),
    lost=st.tuples(st.integers(0, 40_000), st.integers(1, 20_000)),
)
def test_after_a_gap_samples_are_where_and_when_they_say(
    form: tuple[int, int], blocks: list[int], lost: tuple[int, int]
) -> None:
    """A slow ramp tells from its value where in the recording a sample was."""
    rate_hz, channels = form
    ramp = np.linspace(-32000, 32000, rate_hz).astype(np.int16)
    samples = np.repeat(ramp[:, np.newaxis], channels, axis=1)
    frames = convert(samples, rate_hz, blocks, range(lost[0], lost[0] + lost[1]))
    end = 0
    for frame in frames:
        assert frame.position >= end  # never twice
        end = frame.position + FRAME_SAMPLES
        assert frame.captured_at == pytest.approx(START_AT + frame.position / RATE_HZ, abs=1e-6)
        middle = frame.position + FRAME_SAMPLES // 2
        assert frame.samples[FRAME_SAMPLES // 2] * 32768 == pytest.approx(
            np.interp(middle / RATE_HZ, [0, 1 - 1 / rate_hz], [-32000, 32000]), abs=200
        )


def test_a_gap_drops_what_was_left_of_the_frame_before_it() -> None:
    converter = Converter(16_000)
    first = Pcm16Chunk(np.full((600, 1), 1000, np.int16), 16_000, 0, START_AT)
    after = Pcm16Chunk(np.full((600, 1), 2000, np.int16), 16_000, 700, START_AT)
    assert [frame.position for frame in converter.push(first)] == [0]
    (frame,) = converter.push(after)
    assert frame.position == 700
    assert (frame.samples == 2000 / 32768).all()


def test_another_rate_is_refused() -> None:
    chunk = Pcm16Chunk(np.zeros((10, 1), np.int16), 44_100, 0, 0.0)
    with pytest.raises(ValueError, match="44100"):
        list(Converter(48_000).push(chunk))


@pytest.mark.parametrize(("from_hz", "to_hz"), [(22_050, 48_000), (16_000, 44_100), (22_050, 22_050)])
@pytest.mark.parametrize("count", [0, 1, 100, 22_050])
def test_the_last_push_lets_out_all(from_hz: int, to_hz: int, count: int) -> None:
    out = Resampler(from_hz, to_hz).push(np.full(count, 0.5, np.float32), last=True)
    assert out.dtype == np.float32
    assert out.size == pytest.approx(count * to_hz / from_hz, abs=1)
