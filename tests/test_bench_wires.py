"""What the bench finds in the sound of the two wires, microphone and loudspeaker, and how it records them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.bench_engines import RATE_HZ, tone
from voicecli.audio.level import to_float
from voicecli.audio.streams import Notice, StreamFormat
from voicecli.bench.taped import Tape, TapedStreams
from voicecli.measure.wires import Wire, heard, speech_bounds
from voicecli.system.clock import FakeClock

if TYPE_CHECKING:
    from voicecli.audio.streams import OnInput, OnOutput
    from voicecli.messages import Float32, Int16


BLOCK_MS = 20


def sound(*pieces: tuple[float, float]) -> Float32:
    """(seconds, level) after one another."""
    return to_float(np.concatenate([tone(seconds, level) for seconds, level in pieces]))


def wire(*pieces: tuple[float, float], begins_at: float = 100.0) -> Wire:
    """In two blocks, between which time runs on as it should."""
    samples = sound(*pieces)
    starts = np.array([0, samples.size // 2])
    return Wire(samples, RATE_HZ, starts, begins_at + starts / RATE_HZ)


def test_speech_ends_with_its_last_soft_sound_but_not_with_breath() -> None:
    # 0.3 is -13.5 dBFS, 0.02 is -37 and counts; 0.004 is -51, which is below the floor.
    spoken = sound((0.2, 0.0), (0.5, 0.3), (0.1, 0.02), (0.1, 0.004), (0.3, 0.0))
    assert speech_bounds(spoken, RATE_HZ) == (0.2 * RATE_HZ, 0.8 * RATE_HZ)
    with pytest.raises(ValueError, match="nothing was spoken"):
        speech_bounds(sound((1.0, 0.001)), RATE_HZ)
    with pytest.raises(ValueError, match="nothing was spoken"):
        speech_bounds(np.zeros(0, np.float32), RATE_HZ)


def test_the_gap_on_the_wires_is_that_of_the_air() -> None:
    spoken = wire((0.5, 0.3), (1.5, 0.0))
    played = wire((0.8, 0.0), (1.0, 0.1), (0.2, 0.0), begins_at=100.04)
    found = heard(spoken, played)
    assert found.gap_ms == pytest.approx(340.0, abs=0.1)
    assert not found.cut_in
    assert heard(spoken, wire((2.0, 0.001))).gap_ms is None
    early = heard(spoken, wire((0.3, 0.0), (1.7, 0.1)))
    assert (early.gap_ms, early.cut_in) == (None, True)
    # What still sounds of the turn before is no cut-in.
    before = heard(spoken, wire((0.3, 0.1), (0.8, 0.0), (0.5, 0.1), begins_at=99.7))
    assert before.gap_ms == pytest.approx(300.0, abs=0.1)
    assert not before.cut_in


def test_a_wire_follows_the_device_when_it_skips() -> None:
    skipping = Wire(sound((1.0, 0.1)), RATE_HZ, np.array([0, 8000]), np.array([10.0, 11.0]))
    np.testing.assert_allclose(
        skipping.time_of(np.array([0, 7999, 8000, 16_000])), [10, 10.5, 11, 11.5], atol=1e-4
    )


def test_the_tape_gives_what_was_written_since() -> None:
    tape = Tape(RATE_HZ)
    block = tone(0.02)
    for number in range(3):
        tape.write(block, 5.0 + number)
    block[:] = 0  # a device uses its blocks again
    taken = tape.take()
    np.testing.assert_array_equal(taken.samples, np.tile(to_float(tone(0.02)), 3))
    assert taken.times.tolist() == [5, 6, 7]
    assert taken.starts.tolist() == [0, 320, 640]
    empty = tape.take()
    assert empty.samples.size == empty.starts.size == empty.times.size == 0


class Hand:
    """Devices whose calls the test makes."""

    microphone = StreamFormat("hand", RATE_HZ, 2, 0.01)
    loudspeaker = StreamFormat("hand", RATE_HZ, 1, 0.01)

    def start(self, on_input: OnInput, on_output: OnOutput) -> None:
        self.on_input, self.on_output = on_input, on_output

    def poll(self, *, idle: bool = False) -> list[Notice]:
        return [Notice("gone", "")]

    def close(self) -> bool:
        self.closed = True
        return True


def test_the_recorded_user_speaks_into_what_the_microphone_hears_and_both_wires_are_kept() -> None:
    hand, clock = Hand(), FakeClock()
    streams = TapedStreams(hand, clock, patience_s=0.06)
    heard_blocks: list[tuple[Int16, float, bool]] = []

    def play(block: Int16, at: float, dry: bool) -> None:
        block[:] = 7

    streams.start(lambda *block: heard_blocks.append(block), play)
    streams.user.say(iter([np.full(320, 20_000, np.int16)]))
    hand.on_input(np.full((320, 2), 15_000, np.int16), 3.0, True)
    hand.on_output(np.zeros(320, np.int16), 4.0, False)
    ((samples, at, lost),) = heard_blocks
    assert samples.shape == (320, 2)
    assert samples.min() == 32_767  # clipped, not wrapped
    assert (at, lost) == (3.0, True)
    spoken, played = streams.spoken.take(), streams.played.take()
    np.testing.assert_allclose(spoken.samples, 20_000 / 32_768, atol=1e-3)
    np.testing.assert_array_equal(played.samples, np.float32(7 / 32_768))
    assert (spoken.times[0], played.times[0]) == (3.0, 4.0)
    assert streams.poll() == [Notice("gone", "")]
    assert streams.close()
    assert hand.closed


def test_runs_of_late_blocks_are_counted() -> None:
    hand, clock = Hand(), FakeClock(0.0)
    streams = TapedStreams(hand, clock, patience_s=0.06)
    streams.start(lambda *block: None, lambda *block: None)
    due = 0.0

    def block_after(seconds: float) -> int:
        """The device goes on at its pace; the call comes so long after the last."""
        nonlocal due
        due += BLOCK_MS / 1000
        clock.advance(seconds)
        hand.on_input(np.zeros((320, 2), np.int16), due - BLOCK_MS / 1000, False)
        return streams.late

    assert [block_after(0.03), block_after(0.02)] == [0, 0]
    assert block_after(0.07) == 0  # late, but less than the device holds
    assert block_after(0.07) == 1  # 100 ms by now
    assert block_after(0.0) == 1  # and 80
    for _ in range(4):
        block_after(0.0)  # it catches up
    assert block_after(0.5) == 2
