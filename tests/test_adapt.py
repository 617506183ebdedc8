"""A device with another rate or other channels: sound, length and time are what they were."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from voicecli.audio.streams import StreamFormat
from voicecli.devices.recovery.adapt import adapt_input, adapt_output

if TYPE_CHECKING:
    from voicecli.messages import Int16

BLOCK_S = 0.02
SECONDS = 2.0
HZ = 440.0


def form(rate_hz: int, channels: int = 1) -> StreamFormat:
    return StreamFormat("device", rate_hz, channels, 0.04)


def tone(begin: int, count: int, rate_hz: int) -> Int16:
    """From sample `begin` of a tone at half of full scale."""
    return (16_384 * np.sin(2 * np.pi * HZ * (begin + np.arange(count)) / rate_hz)).astype(np.int16)


def test_what_fits_is_not_touched() -> None:
    def on_block(samples: Int16, at: float, lost: bool) -> None:
        raise AssertionError

    assert adapt_input(on_block, form(16_000, 2), form(16_000, 2)) is on_block
    assert adapt_output(on_block, form(22_050, 2), form(22_050)) is on_block


@pytest.mark.parametrize(
    ("rate_hz", "channels", "wanted"), [(48_000, 2, 1), (44_100, 1, 2), (16_000, 2, 1), (8_000, 6, 1)]
)
def test_a_microphone_s_sound_keeps_its_time(rate_hz: int, channels: int, wanted: int) -> None:
    got: list[tuple[Int16, float, bool]] = []
    adapted = adapt_input(lambda *block: got.append(block), form(rate_hz, channels), form(16_000, wanted))
    count = round(BLOCK_S * rate_hz)
    for begin in range(0, round(SECONDS * rate_hz), count):
        mono = tone(begin, count, rate_hz)
        adapted(np.repeat(mono[:, np.newaxis], channels, axis=1), 50.0 + begin / rate_hz, begin == 0)
    assert got[0][2]
    assert not any(lost for _, _, lost in got[1:])
    assert {samples.shape[1] for samples, _, _ in got} == {wanted}
    for (samples, at, _), (_, following, _) in pairwise(got):
        assert following - at == pytest.approx(len(samples) / 16_000, abs=1e-6)
    whole = np.concatenate([samples[:, 0] for samples, _, _ in got])
    begin = round((got[0][1] - 50.0) * 16_000)
    expected = tone(begin, len(whole), 16_000).astype(float)
    assert SECONDS - 0.1 < len(whole) / 16_000 <= SECONDS
    middle = slice(1600, -1600)  # a filter has to begin
    assert np.abs(whole[middle] - expected[middle]).max() < 200


@pytest.mark.parametrize("rate_hz", [48_000, 44_100, 16_000])
def test_a_loudspeaker_plays_what_it_would_have_played_at_the_same_time(rate_hz: int) -> None:
    voice_hz, pulled, times, ran_dry = 22_050, 0, [], []

    def fill(block: Int16, at: float, dry: bool) -> None:
        nonlocal pulled
        block[:] = tone(pulled, len(block), voice_hz)
        times.append(at - pulled / voice_hz)
        ran_dry.append(dry)
        pulled += len(block)

    adapted = adapt_output(fill, form(rate_hz, 2), form(voice_hz))
    count = round(BLOCK_S * rate_hz)
    blocks = []
    for begin in range(0, round(SECONDS * rate_hz), count):
        block = np.full(count, -1, np.int16)
        adapted(block, 50.0 + begin / rate_hz, begin == 0)
        blocks.append(block)
    whole = np.concatenate(blocks).astype(float)
    middle = slice(rate_hz // 10, -rate_hz // 10)
    assert np.abs(whole[middle] - tone(0, len(whole), rate_hz)[middle]).max() < 200
    np.testing.assert_allclose(times, 50.0, atol=1e-6)  # each piece knows when it sounds
    assert ran_dry[0]
    assert not any(ran_dry[1:])
