"""Capture: what the device delivered, in order, with the time each sample met the air, and what was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicecli.audio.streams import StreamFormat
from voicecli.listen.capture import SILENT_AFTER_S, Capture

if TYPE_CHECKING:
    from voicecli.messages import Int16, Pcm16Chunk

RATE_HZ = 16_000
START_AT = 300.0


class Microphone:
    """Delivers numbered samples in blocks, each with the time of its first sample."""

    def __init__(self, ring_s: float = 4.0, rate_hz: int = RATE_HZ, channels: int = 1) -> None:
        self.capture = Capture(StreamFormat("test", rate_hz, channels, 0.06), ring_s)
        self._rate_hz, self._channels = rate_hz, channels
        self.position = 0

    def deliver(self, count: int, *, zeros: bool = False, overflowed: bool = False) -> None:
        numbers = (np.arange(self.position, self.position + count) % 30_000 + 1).astype(np.int16)
        samples = np.repeat(numbers[:, np.newaxis], self._channels, axis=1)
        at = START_AT + self.position / self._rate_hz
        self.capture.on_block(samples * (0 if zeros else 1), at, overflowed)
        self.position += count

    def read(self) -> Pcm16Chunk:
        chunk = self.capture.read()
        assert chunk is not None
        return chunk


def numbers(position: int, count: int) -> Int16:
    return (np.arange(position, position + count) % 30_000 + 1).astype(np.int16)


def test_nothing_has_come_yet() -> None:
    assert Microphone().capture.read() is None


@pytest.mark.parametrize(("rate_hz", "channels"), [(16_000, 1), (44_100, 2), (96_000, 8)])
def test_blocks_become_chunks_with_their_place_and_time(rate_hz: int, channels: int) -> None:
    microphone = Microphone(rate_hz=rate_hz, channels=channels)
    for block in range(5):
        microphone.deliver(320)
        chunk = microphone.read()
        assert chunk.samples.shape == (320, channels)
        assert (chunk.rate_hz, chunk.position) == (rate_hz, 320 * block)
        assert chunk.captured_at == pytest.approx(START_AT + 320 * block / rate_hz)
        np.testing.assert_array_equal(chunk.samples[:, -1], numbers(320 * block, 320))
    assert microphone.capture.read() is None


def test_a_late_reader_gets_a_tenth_of_a_second_at_a_time_each_with_its_own_time() -> None:
    microphone = Microphone()
    for _ in range(20):
        microphone.deliver(320)
    for tenth in range(4):
        chunk = microphone.read()
        assert (len(chunk.samples), chunk.position) == (1600, 1600 * tenth)
        assert chunk.captured_at == pytest.approx(START_AT + tenth / 10)
    assert microphone.capture.read() is None
    assert microphone.capture.lost == 0


def test_what_a_reader_too_late_has_lost_is_counted_and_the_rest_keeps_its_place_and_time() -> None:
    microphone = Microphone(ring_s=1.0)
    for _ in range(100):
        microphone.deliver(320)  # two seconds into a ring of one
    chunk = microphone.read()
    assert chunk.position == 16_000
    assert chunk.captured_at == pytest.approx(START_AT + 1.0)
    np.testing.assert_array_equal(chunk.samples[:, 0], numbers(16_000, 1600))
    assert microphone.capture.lost == 16_000


def test_the_device_s_own_losses_are_counted() -> None:
    microphone = Microphone()
    for overflowed in (False, True, True, False):
        microphone.deliver(320, overflowed=overflowed)
    assert microphone.capture.overflows == 2


def test_times_follow_the_device_s_clock_and_not_a_count_of_samples() -> None:
    """A device that stood still for a second says so in its times."""
    capture = Capture(StreamFormat("test", RATE_HZ, 1, 0.06), 4.0)
    block = np.ones((320, 1), np.int16)
    capture.on_block(block, START_AT, False)
    capture.read()
    capture.on_block(block, START_AT + 1.02, False)
    chunk = capture.read()
    assert chunk is not None
    assert chunk.position == 320
    assert chunk.captured_at == pytest.approx(START_AT + 1.02)


def test_a_microphone_of_nothing_but_zeros_is_silent_after_a_while_and_one_sample_ends_that() -> None:
    microphone = Microphone()
    capture = microphone.capture

    def deliver(blocks: int, *, zeros: bool) -> None:
        for _ in range(blocks):
            microphone.deliver(320, zeros=zeros)
            capture.read()

    blocks = round(SILENT_AFTER_S * RATE_HZ) // 320
    deliver(blocks - 1, zeros=True)
    before = capture.silent
    deliver(1, zeros=True)
    after = capture.silent
    deliver(1, zeros=False)
    ended = capture.silent
    deliver(blocks - 1, zeros=True)
    assert (before, after, ended, capture.silent) == (False, True, False, False)


@settings(deadline=None)
@given(st.lists(st.integers(1, 700) | st.none(), max_size=60), st.sampled_from([0.05, 0.2]))
def test_whenever_it_is_read_samples_are_where_and_when_they_say(
    steps: list[int | None], ring_s: float
) -> None:
    """A number is a block of that many samples, None is a read."""
    microphone = Microphone(ring_s)
    end = lost = 0
    for step in [*steps, *[None] * 20]:
        if step is not None:
            microphone.deliver(step)
            continue
        chunk = microphone.capture.read()
        if chunk is None:
            continue
        lost += chunk.position - end
        assert chunk.captured_at == pytest.approx(START_AT + chunk.position / RATE_HZ)
        np.testing.assert_array_equal(chunk.samples[:, 0], numbers(chunk.position, len(chunk.samples)))
        end = chunk.position + len(chunk.samples)
    assert end == microphone.position
    assert microphone.capture.lost == lost
