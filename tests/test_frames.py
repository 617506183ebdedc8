"""The re-framer against a plain array: whatever is pushed and taken, each sample comes once, in its place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecli.audio.frames import Reframer, frames_of
from voicecli.messages import FRAME_SAMPLES, RATE_HZ

ALL = np.arange(20_000, dtype=np.int16)


@given(
    pushes=st.lists(st.integers(0, 700), max_size=25),
    takes=st.lists(st.integers(0, 700), min_size=25, max_size=25),
)
def test_what_is_taken_is_what_was_pushed(pushes: list[int], takes: list[int]) -> None:
    reframer, pushed, taken = Reframer(np.int16), 0, 0
    for push, take in zip(pushes, takes, strict=False):
        reframer.push(ALL[pushed : pushed + push])
        pushed += push
        assert len(reframer) == pushed - taken
        got = reframer.take(take)
        np.testing.assert_array_equal(got, ALL[taken : min(taken + take, pushed)])
        taken += len(got)
        assert reframer.position == taken


@given(pushes=st.lists(st.integers(0, 2000), max_size=10), size=st.integers(1, 900), at=st.integers(0, 9999))
def test_frames_are_whole_and_say_where_they_lie(pushes: list[int], size: int, at: int) -> None:
    reframer, pushed = Reframer(np.float32), 0
    sound = ALL.astype(np.float32)
    reframer.restart(at)
    frames = []
    for push in pushes:
        reframer.push(sound[pushed : pushed + push])
        pushed += push
        frames += list(reframer.frames(size))
        assert len(reframer) < size
    assert [position for position, _ in frames] == [at + size * number for number in range(pushed // size)]
    for position, frame in frames:
        assert frame.dtype == np.float32
        np.testing.assert_array_equal(frame, sound[position - at : position - at + size])


def test_frames_that_nobody_took_are_still_held() -> None:
    reframer = Reframer(np.int16)
    reframer.push(ALL[:1000])
    for position, _ in reframer.frames(300):
        if position == 300:
            break
    assert (reframer.position, len(reframer)) == (600, 400)


def test_after_a_restart_nothing_of_before_is_left() -> None:
    reframer = Reframer(np.int16)
    reframer.push(ALL[:100])
    reframer.restart(7000)
    reframer.push(ALL[500:600])
    ((position, frame),) = reframer.frames(100)
    assert position == 7000
    np.testing.assert_array_equal(frame, ALL[500:600])


@pytest.mark.parametrize("count", [0, 511, 512, 513, 1024, 5000])
def test_a_recording_at_hand_in_frames(count: int) -> None:
    sound = (np.arange(count) / 5000).astype(np.float32)
    frames = list(frames_of(sound, 50.0))
    assert len(frames) == count // FRAME_SAMPLES
    for number, frame in enumerate(frames):
        assert frame.position == number * FRAME_SAMPLES
        assert frame.captured_at == pytest.approx(50.0 + frame.position / RATE_HZ)
        np.testing.assert_array_equal(frame.samples, sound[frame.position : frame.position + FRAME_SAMPLES])
