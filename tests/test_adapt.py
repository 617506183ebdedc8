"""A device with another rate or other channels: sound, length and time are what they were."""

from __future__ import annotations

import threading
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from voicecli.audio.streams import StreamFormat
from voicecli.devices.recovery.adapt import Fitted, fit_input, fit_output
from voicecli.devices.recovery.mover import Mover
from voicecli.system.clock import MonotonicClock

if TYPE_CHECKING:
    from collections.abc import Iterator

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

    assert fit_input(on_block, form(16_000, 2), form(16_000, 2)) == Fitted(on_block, None)
    assert fit_output(on_block, form(22_050, 2), form(22_050)) == Fitted(on_block, None)


class Ear:
    """Keeps what a microphone gave, in order."""

    def __init__(self) -> None:
        self.got: list[tuple[Int16, float, bool]] = []

    def on_input(self, samples: Int16, at: float, lost: bool) -> None:
        self.got.append((samples, at, lost))

    @property
    def losses(self) -> list[bool]:
        return [lost for _, _, lost in self.got]

    def whole(self) -> Int16:
        return np.concatenate([samples[:, 0] for samples, _, _ in self.got])


def blocks_of(rate_hz: int, channels: int, seconds: float = SECONDS) -> Iterator[tuple[Int16, float]]:
    """The tone from time 50 on, in a microphone's blocks, each with its time."""
    count = round(BLOCK_S * rate_hz)
    for begin in range(0, round(seconds * rate_hz), count):
        mono = tone(begin, count, rate_hz)
        yield np.repeat(mono[:, np.newaxis], channels, axis=1), 50.0 + begin / rate_hz


@pytest.mark.parametrize("every", [1, 3], ids=["in time", "late"])
@pytest.mark.parametrize(
    ("rate_hz", "channels", "wanted"), [(48_000, 2, 1), (44_100, 1, 2), (16_000, 2, 1), (8_000, 6, 1)]
)
def test_a_microphone_s_sound_keeps_its_time(rate_hz: int, channels: int, wanted: int, every: int) -> None:
    ear = Ear()
    fitted = fit_input(ear.on_input, form(rate_hz, channels), form(16_000, wanted))
    assert fitted.move is not None
    for number, (samples, at) in enumerate(blocks_of(rate_hz, channels)):
        fitted.callback(samples, at, number == 0)
        if number % every == every - 1:
            fitted.move()
    got = ear.got
    assert ear.losses == [True] + [False] * (len(got) - 1)
    assert {samples.shape[1] for samples, _, _ in got} == {wanted}
    for (samples, at, _), (_, following, _) in pairwise(got):
        assert following - at == pytest.approx(len(samples) / 16_000, abs=1e-6)
    whole = ear.whole()
    begin = round((got[0][1] - 50.0) * 16_000)
    expected = tone(begin, len(whole), 16_000).astype(float)
    assert SECONDS - 0.15 < len(whole) / 16_000 <= SECONDS
    middle = slice(1600, -1600)  # a filter has to begin
    assert np.abs(whole[middle] - expected[middle]).max() < 200


def test_a_microphone_s_sound_that_nobody_converts_in_time_is_a_loss_and_the_rest_keeps_its_time() -> None:
    ear = Ear()
    fitted = fit_input(ear.on_input, form(48_000, 2), form(16_000))
    assert fitted.move is not None
    for number, (samples, at) in enumerate(blocks_of(48_000, 2, 5.0)):
        fitted.callback(samples, at, False)
        if not 50 <= number < 150:  # two seconds without a look; the ring holds one
            fitted.move()
    assert sum(ear.losses) == 1
    samples, at, _ = ear.got[ear.losses.index(True)]
    assert at == pytest.approx(50.0 + 151 * BLOCK_S - 1.0, abs=1e-6)
    begin = round((at - 50.0) * 16_000)
    expected = tone(begin, len(samples), 16_000).astype(float)
    middle = slice(1600, -1600)
    assert np.abs(samples[middle, 0] - expected[middle]).max() < 200


class Voice:
    """Gives a loudspeaker the tone; keeps when each piece was to sound, less its place in the tone."""

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.pulled = 0
        self.times: list[float] = []
        self.dry: list[bool] = []

    def fill(self, block: Int16, at: float, dry: bool) -> None:
        block[:] = tone(self.pulled, len(block), self.rate_hz)
        self.times.append(at - self.pulled / self.rate_hz)
        self.dry.append(dry)
        self.pulled += len(block)


def played(fitted: Fitted, rate_hz: int, begin: int, blocks: int, *, dry: int = -1) -> Int16:
    """What a loudspeaker plays in so many blocks, the first of which sounds at 50 s and `begin` samples."""
    count, got = round(BLOCK_S * rate_hz), []
    for number in range(blocks):
        block = np.full(count, -1, np.int16)
        fitted.callback(block, 50.0 + (begin + number * count) / rate_hz, number == dry)
        got.append(block)
    return np.concatenate(got)


@pytest.mark.parametrize("rate_hz", [48_000, 44_100, 16_000])
def test_a_loudspeaker_plays_all_of_it_at_the_time_that_each_piece_was_told(rate_hz: int) -> None:
    voice, count = Voice(22_050), round(BLOCK_S * rate_hz)
    fitted = fit_output(voice.fill, form(rate_hz, 2), form(22_050))
    assert fitted.move is not None
    blocks = []
    for number in range(100):
        blocks.append(played(fitted, rate_hz, number * count, 1, dry=0 if number == 50 else -1))
        fitted.move()
    whole = np.concatenate(blocks).astype(float)
    assert not whole[:count].any()  # nothing was ready for the first block
    np.testing.assert_allclose(voice.times, 50.0 + BLOCK_S, atol=1e-6)
    middle = slice(rate_hz // 10, -rate_hz // 10)
    assert np.abs(whole[count:][middle] - tone(0, len(whole) - count, rate_hz)[middle]).max() < 200
    assert sum(voice.dry) == 1


def test_a_loudspeaker_whose_sound_is_not_converted_in_time_runs_dry_and_loses_nothing() -> None:
    voice = Voice(22_050)
    fitted = fit_output(voice.fill, form(48_000), form(22_050))
    assert fitted.move is not None
    played(fitted, 48_000, 0, 1)
    fitted.move()
    sound = played(fitted, 48_000, 960, 10)  # 0.2 s at once, of which a part was ready
    ready = int(np.flatnonzero(sound)[-1]) + 1
    assert 0.04 * 48_000 <= ready < 0.1 * 48_000
    fitted.move()
    sound = np.concatenate((sound[:ready], played(fitted, 48_000, 11 * 960, 2))).astype(float)
    middle = slice(1000, None)
    assert np.abs(sound[middle] - tone(0, len(sound), 48_000)[middle]).max() < 200
    assert voice.dry.count(True) == 1
    late_s = (11 * 960 - ready) / 48_000
    assert voice.times[-1] == pytest.approx(
        50.0 + late_s, abs=1e-6
    )  # the rest sounds later, and that is told


def test_a_mover_works_until_it_is_closed_and_keeps_what_went_wrong() -> None:
    moved = threading.Event()
    mover = Mover(moved.set, MonotonicClock())
    assert moved.wait(60)
    mover.close()
    assert mover.failure is None
    moved.clear()

    def breaks() -> None:
        moved.set()
        raise IndexError("a mistake of ours")

    mover = Mover(breaks, MonotonicClock())
    assert moved.wait(60)
    mover.close()
    assert isinstance(mover.failure, IndexError)
